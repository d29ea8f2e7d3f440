"""What the pages need of the sla service for questions about the past."""

from typing import Protocol

from services.console.domain.what_if import TurnPage, WhatIf, WhatIfDraft


class WhatIfs(Protocol):
    def start(self, draft: WhatIfDraft, agent_id: str) -> str:
        """Its id. Raises InvalidField(s), NotFound, FailedPrecondition."""
        ...

    def get(self, what_if_id: str) -> WhatIf:
        """Raises NotFound."""
        ...

    def list(self) -> tuple[WhatIf, ...]:
        """The newest first, without their sums."""
        ...

    def cancel(self, what_if_id: str, agent_id: str) -> None:
        """Raises NotFound."""
        ...

    def turns(self, what_if_id: str, turn: str, target: str, page_token: str) -> TurnPage:
        """Fifty of them. Raises NotFound, InvalidField."""
        ...
