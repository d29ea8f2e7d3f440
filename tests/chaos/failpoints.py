"""Which role passes which named point while messages come by both doors, replies leave and timers run out."""

ROAD = (
    ("ingest serve", "after-intake-before-yes"),
    ("ingest serve", "after-publish-before-mark"),
    ("ingest listen", "after-received-before-ack"),
    ("ingest listen", "after-close-before-ack"),
    ("ingest listen", "after-commit-before-ack"),
    ("tickets listen", "after-commit-before-ack"),
    ("tickets listen", "after-publish-before-mark"),
    ("tickets serve", "after-commit-before-ack"),
    ("tickets serve", "after-publish-before-mark"),
    ("rules listen", "after-commit-before-ack"),
    ("rules listen", "after-publish-before-mark"),
    ("sla listen", "after-commit-before-ack"),
    ("sla listen", "after-publish-before-mark"),
    ("sla work", "after-claim-before-fire"),
    ("sla work", "after-commit-before-ack"),
    ("sla work", "after-publish-before-mark"),
    ("reports listen", "after-commit-before-ack"),
    ("ingest work", "between-data-and-250"),
    ("ingest work", "after-250-before-mark"),
    ("ingest work", "after-publish-before-mark"),
)
# Passed only where something special goes by: poison, a person who sets the desk up, what a dead process left.
BESIDE_THE_ROAD = (
    ("ingest listen", "after-publish-before-mark"),
    ("rules serve", "after-commit-before-ack"),
    ("sla serve", "after-commit-before-ack"),
    ("tickets work", "after-publish-before-mark"),
)
POINTS = sorted({point for _, point in (*ROAD, *BESIDE_THE_ROAD)})
