"""The command line. Every command loads only what it needs."""

from logboom.cli.app import main

__all__ = ["main"]
