"""What is true of a message that came in: no I/O, no transport, no store."""
