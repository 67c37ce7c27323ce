"""Several processors on one machine, as many as are needed."""
