"""Events found: by a query, by their id, around one, along a trace, and what they have in common."""
