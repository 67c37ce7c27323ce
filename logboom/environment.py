"""What is the environment of this process? It is read where configurations are read, and by nobody later."""

from __future__ import annotations

import os
from collections.abc import Mapping


def process_environment() -> Mapping[str, str]:
    """The environment of this process."""
    return os.environ
