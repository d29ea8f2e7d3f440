"""Mailboxes that are fetched by IMAP (RFC 3501)."""
