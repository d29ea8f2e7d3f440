"""Systems outside of Relaydesk that are asked about a requester."""
