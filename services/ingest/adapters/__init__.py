"""The only ones to know a transport or a store."""
