"""Customers and organisations as documents, and back. A customer's row is the requester's; a default is not written."""

from collections.abc import Iterable, Mapping
from typing import Any

from chassis.mongo import Document
from services.tickets.adapters.mongo.documents import actor_of, actor_part, reaches_of
from services.tickets.domain.customers import Customer, Entry, Learnt, Merging
from services.tickets.domain.identities import is_key
from services.tickets.domain.organisation_history import OrganisationChange
from services.tickets.domain.organisations import Organisation
from services.tickets.domain.search_words import words_of_person
from services.tickets.domain.ticket import Change

# By their names in the row.
_PLAIN = {
    "name": "name",
    "email": "email",
    "phone": "phone",
    "language": "language",
    "internal_by_hand": "internal",
    "organisation_by_hand": "organisation",
    "card_id": "card",
}


def customer_of(row: Mapping[str, Any]) -> Customer:
    """The customer that a row holds."""
    get = row.get
    merging = get("merge")
    return Customer(
        customer_id=row["_id"],
        name=get("name", ""),
        email=get("email", ""),
        phone=get("phone", ""),
        keys=tuple(get("keys", ())),
        claims=tuple(one for one in get("found_by", ()) if is_key(one)),
        learnt={key: Learnt(since, channel) for key, since, channel in get("learnt", ())},
        language=get("language", ""),
        internal_by_hand=get("internal", ""),
        organisation_by_hand=get("organisation", ""),
        version=get("version", 0),
        created_at=get("created_at"),
        channel=get("channel", ""),
        reaches=reaches_of(get("reach", ())),
        merging=Merging(merging["id"], merging["into"], merging["at"], actor_of(merging["by"]))
        if merging
        else None,
        card_id=get("card", ""),
        member_ids=tuple(get("members", ())),
    )


def customer_update(was: Customer, now: Customer) -> list[Mapping[str, Any]]:
    """The update that turns what is kept of the one into what is kept of the other, and leaves alone what messages have taught
    meanwhile."""
    fields: Document = {"version": now.version}
    for name, kept_as in _PLAIN.items():
        if (value := getattr(now, name)) != getattr(was, name):
            fields[kept_as] = {"$literal": value} if value else "$$REMOVE"
    if now.merging != was.merging:
        fields["merge"] = {"$literal": _merging_part(now.merging)} if now.merging else "$$REMOVE"
    if now.member_ids != was.member_ids:
        fields["members"] = {"$literal": list(now.member_ids)} if now.member_ids else "$$REMOVE"
    if now.keys != was.keys:
        fields["keys"] = _changed_list("keys", was.keys, now.keys)
    if (found := found_by(now)) != (found_before := found_by(was)):
        fields["found_by"] = _changed_list("found_by", found_before, found)
    if now.learnt != was.learnt:
        new = [[key, one.since, one.channel] for key, one in now.learnt.items() if was.learnt.get(key) != one]
        gone = sorted((was.learnt.keys() - now.learnt.keys()).union(str(key) for key, _, _ in new))
        kept: Document = {
            "$filter": {
                "input": {"$ifNull": ["$learnt", []]},
                "cond": {"$not": {"$in": [{"$arrayElemAt": ["$$this", 0]}, {"$literal": gone}]}},
            }
        }
        fields["learnt"] = {"$concatArrays": [kept, {"$literal": new}]}
    return [{"$set": fields}]


def found_by(customer: Customer) -> tuple[str, ...]:
    """What the customer is found by beside their keys: words of the name, domains, claims, and the organisation by hand."""
    found = words_of_person(customer.name, "")
    for email in customer.emails:
        found |= words_of_person("", email)
    if customer.organisation_by_hand:
        found.add(by_organisation(customer.organisation_by_hand))
    return tuple(sorted({*found, *customer.claims}))


def by_organisation(organisation_id: str) -> str:
    """An organisation by hand, as `found_by` has it; no domain has a slash."""
    return f"@org/{organisation_id}"


def _changed_list(name: str, was: Iterable[str], now: Iterable[str]) -> Document:
    was, now = set(was), set(now)
    kept = {"$setDifference": [{"$ifNull": [f"${name}", []]}, {"$literal": sorted(was - now)}]}
    united = {"$setUnion": [kept, {"$literal": sorted(now - was)}]}
    # An empty list is a key of its own, and in a unique index only one row can have it.
    return {"$let": {"vars": {"all": united}, "in": {"$cond": [{"$eq": ["$$all", []]}, "$$REMOVE", "$$all"]}}}


def _merging_part(merging: Merging) -> Document:
    return {
        "id": merging.merge_id,
        "into": merging.into_id,
        "at": merging.merged_at,
        "by": actor_part(merging.actor),
    }


def entry_document(customer: Customer, entry: Entry) -> Document:
    """A line of the log; `_id` sorts by the customer's version."""
    row: Document = {
        "_id": f"{customer.customer_id}:{customer.version:08d}",
        "version": customer.version,
        "fact": entry.fact,
        "actor": actor_part(entry.actor),
    }
    if entry.changes:
        row["changes"] = [[change.field, change.old, change.new] for change in entry.changes]
    for kept_as, value in (("text", entry.text), ("other", entry.other_id), ("merge", entry.merge_id)):
        if value:
            row[kept_as] = value
    return row


def organisation_of(row: Mapping[str, Any]) -> Organisation:
    """The organisation that a row holds."""
    return Organisation(row["_id"], row["name"], tuple(row.get("domains", ())), row.get("own", False))


def organisation_fields(organisation: Organisation) -> Document:
    """An organisation's row without its id. No list of domains where there is none: only one row could have it."""
    fields: Document = {"name": organisation.name, "own": organisation.is_own}
    if organisation.domains:
        fields["domains"] = list(organisation.domains)
    return fields


def organisation_change_row(change: OrganisationChange) -> Document:
    """A line of an organisation's log; ids are made in time's order, so that they are the order too."""
    return {
        "_id": change.change_id,
        "organisation_id": change.organisation_id,
        "at": change.changed_at,
        "actor": actor_part(change.actor),
        "changes": [[step.field, step.old, step.new] for step in change.changes],
    }


def organisation_change_of(row: Mapping[str, Any]) -> OrganisationChange:
    """The line that a row holds."""
    steps = tuple(Change(*step) for step in row["changes"])
    return OrganisationChange(row["_id"], row["organisation_id"], row["at"], actor_of(row["actor"]), steps)
