"""Where a ticket stands, and how much it matters."""

NEW = "new"
OPEN = "open"
PENDING = "pending"
ON_HOLD = "on_hold"
SOLVED = "solved"
CLOSED = "closed"
# Nobody has to do anything about it, and nobody did: no clock runs, no machine answers, and it counts as no solution.
SPAM = "spam"
# Part of another ticket, where it goes on; only merging and its undoing lead here and away.
MERGED = "merged"
SETTABLE = (NEW, OPEN, PENDING, ON_HOLD, SOLVED, CLOSED, SPAM)
STATUSES = (*SETTABLE, MERGED)
UNSOLVED = (NEW, OPEN, PENDING, ON_HOLD)
FINISHED = (SOLVED, CLOSED)
# What a requester's answer turns into `open`; a closed ticket hears one only where its channel opens it again.
ANSWERED = frozenset({PENDING, ON_HOLD, SOLVED, CLOSED})

LOW = "low"
MEDIUM = "medium"
HIGH = "high"
URGENT = "urgent"
PRIORITIES = (LOW, MEDIUM, HIGH, URGENT)
RANK = {priority: rank for rank, priority in enumerate(PRIORITIES)}
