"""A load test: many users who ask a running API at once."""
