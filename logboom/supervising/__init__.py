"""Processes of our own that are kept running."""

from logboom.supervising.child import (
    CONFIG_DESCRIPTOR,
    LOG_TO_STDERR,
    WORKER,
    Child,
    Ended,
    worker_environment,
)
from logboom.supervising.pauses import Pauses

__all__ = [
    "CONFIG_DESCRIPTOR",
    "LOG_TO_STDERR",
    "WORKER",
    "Child",
    "Ended",
    "Pauses",
    "worker_environment",
]
