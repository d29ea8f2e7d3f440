"""What is true of tickets: no store, no transport."""
