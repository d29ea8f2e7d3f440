"""The `relaydesk` command: a client of the services' gRPC, one file for each group of words."""
