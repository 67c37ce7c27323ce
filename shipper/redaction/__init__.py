"""Secrets: found, and replaced before anything is sent or kept."""
