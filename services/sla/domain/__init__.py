"""What is true of promises and clocks: no transport, no store."""
