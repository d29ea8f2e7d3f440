"""What the pages speak of, and what is true of it without asking anybody."""
