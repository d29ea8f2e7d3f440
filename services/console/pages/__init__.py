"""The pages: one blueprint and one frozen query each. They know Flask and Jinja, and the ports; no gRPC."""
