"""Deciding: which alerts are there? What is sent of them, and to whom, is decided elsewhere."""
