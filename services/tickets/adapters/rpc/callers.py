"""Who is asking, as an actor of the domain."""

from chassis import rpc
from services.tickets.adapters.mongo.directory import MongoDirectory
from services.tickets.domain.people import AGENT, API, THE_SYSTEM, Actor

# The person that one of our own services acts for.
ACTING_AGENT = "x-acting-agent"


class Callers:
    """Tells people from programs."""

    def __init__(self, directory: MongoDirectory) -> None:
        self._directory = directory

    def actor(self) -> Actor:
        """The agent whose token it is, or for whom our own service acts; else the program."""
        call = rpc.call()
        principal = call.principal
        is_ours = principal.role == "system"
        agent_id = principal.agent_id or (call.metadata(ACTING_AGENT) if is_ours else "")
        if agent_id:
            agent = self._directory.agent(agent_id)
            return Actor(AGENT, agent_id, agent.name if agent is not None else "")
        if principal.token_id == "internal":
            return THE_SYSTEM
        return Actor(API, principal.token_id, principal.name)
