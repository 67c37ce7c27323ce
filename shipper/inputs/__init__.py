"""Inputs beside files: what listens, and appends what it receives to a spool."""
