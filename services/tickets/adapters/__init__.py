"""What knows a transport or a store."""
