"""What a person does with the console, one file each, and the ports it needs."""
