"""What can go wrong with a service of the tests."""

from __future__ import annotations


class ServiceMissing(Exception):
    """A service cannot be had on this machine; the text says why."""


class ServiceFailed(Exception):
    """A service can be had, but did not do as told; the text has the end of its log."""
