"""Files as sources: finding them, recognising them, and reading on where the checkpoint is."""
