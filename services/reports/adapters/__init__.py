"""The only ones here that know a transport or a store."""
