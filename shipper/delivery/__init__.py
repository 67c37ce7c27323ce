"""Delivery: batches, planned, published and settled."""
