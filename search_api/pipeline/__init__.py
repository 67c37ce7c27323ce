"""What the API knows of the pipeline: its parts, the ledger, health, metrics."""
