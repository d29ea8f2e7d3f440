"""Make an organisation or change it."""

from dataclasses import replace

from chassis.errors import AlreadyExists
from services.tickets.application.customer_ports import CustomerPorts
from services.tickets.domain.accounts import id_of, is_id
from services.tickets.domain.checks import Checks
from services.tickets.domain.customer_commands import SaveOrganisation
from services.tickets.domain.organisation_history import OrganisationChange, steps_between
from services.tickets.domain.organisations import MOST_DOMAINS, Organisation, is_free_mail, normal_domain


def save_organisation(command: SaveOrganisation, ports: CustomerPorts) -> Organisation:
    """The organisation as kept; what was changed of it, and by whom, is in its log.

    A domain at which anybody gets an address is refused, and so is another's.
    Raises InvalidField(s), AlreadyExists.
    """
    asked = command.organisation
    domains = tuple(sorted({normal_domain(domain) for domain in asked.domains} - {""}))
    _check(asked)
    known = ports.customers.organisations()
    for other in known.all:
        taken = set(other.domains).intersection(domains)
        if taken and other.organisation_id != asked.organisation_id:
            raise AlreadyExists(f"organisation {other.organisation_id} has the domain {min(taken)}")
    wanted = asked.organisation_id or id_of(asked.name)
    if not wanted or (not asked.organisation_id and known.get(wanted) is not None):
        # Two of one name are two.
        wanted = ports.new_id()
    kept = replace(asked, organisation_id=wanted, name=asked.name.strip(), domains=domains)
    steps = steps_between(known.get(wanted), kept)
    if steps:
        change = OrganisationChange(ports.new_id(), wanted, ports.now, command.actor, steps)
        ports.customers.save_organisation(kept, change)
    return kept


def _check(asked: Organisation) -> None:
    checks = Checks("organisation.")
    if asked.organisation_id:
        checks.that(
            is_id(asked.organisation_id),
            "id",
            "lower-case letters, digits and hyphens",
            asked.organisation_id,
        )
    checks.name(asked.name, "name", may_be_empty=False)
    checks.that(
        len(asked.domains) <= MOST_DOMAINS, "domains", f"at most {MOST_DOMAINS}", str(len(asked.domains))
    )
    for domain in asked.domains[:MOST_DOMAINS]:
        normal = normal_domain(domain)
        checks.that(bool(normal), "domains", "domains as example.org", domain)
        checks.that(not is_free_mail(normal), "domains", "a domain where not anybody gets an address", domain)
    checks.done()
