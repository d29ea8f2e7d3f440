"""The only modules that know a transport or a store."""
