"""A month of work in minutes: the whole system on a clock that a conductor moves from event to event."""
