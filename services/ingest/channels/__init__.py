"""One file for each kind of channel, both ways. The folder is the registry."""
