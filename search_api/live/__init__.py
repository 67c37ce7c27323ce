"""What happens now: events as they are stored, and how the pipeline and its machine fare."""
