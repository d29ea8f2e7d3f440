"""What tickets is asked to do with its customers."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.tickets.domain.organisations import Organisation
from services.tickets.domain.people import Actor


@dataclass(frozen=True, slots=True)
class UpdateCustomer:
    """Change what is named: fields of customers.SETTABLE."""

    actor: Actor
    customer_id: str
    values: Mapping[str, str]
    # 0 means whatever it is now.
    expected_version: int = 0


@dataclass(frozen=True, slots=True)
class AddIdentity:
    """Know somebody by this too; `kind` is one of identities.KINDS."""

    actor: Actor
    customer_id: str
    kind: str
    value: str
    scope: str = ""


@dataclass(frozen=True, slots=True)
class RemoveIdentity:
    """Know somebody by this no more."""

    actor: Actor
    customer_id: str
    kind: str
    value: str
    scope: str = ""


@dataclass(frozen=True, slots=True)
class AddNote:
    """Write something for colleagues on a card."""

    actor: Actor
    customer_id: str
    text: str


@dataclass(frozen=True, slots=True)
class MergeCustomers:
    """Make one card of two."""

    actor: Actor
    kept_id: str
    merged_id: str
    expected_kept_version: int = 0
    expected_merged_version: int = 0
    is_trial: bool = False


@dataclass(frozen=True, slots=True)
class UndoMerge:
    """Give a customer their own card back; an empty `merge_id` takes whichever merge it is."""

    actor: Actor
    customer_id: str
    merge_id: str = ""


@dataclass(frozen=True, slots=True)
class SaveOrganisation:
    """Make an organisation or change it; without an id one is made of its name."""

    actor: Actor
    organisation: Organisation
