"""What runs Relaydesk on one machine: own nodes, a supervisor, demo data. Never part of an image."""
