"""Access tokens for mailboxes, from those who give them."""
