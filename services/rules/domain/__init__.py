"""What is true of rules: no transport, no store."""
