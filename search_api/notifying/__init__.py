"""Sending: who is told of which alerts, when, and did it arrive? Which alerts there are is decided elsewhere."""
