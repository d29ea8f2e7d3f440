"""What ingest does, one file for each use case."""
