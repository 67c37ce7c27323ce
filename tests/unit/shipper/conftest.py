"""Fixtures that tests of the shipper share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shipper.registry.registry import Registry


@pytest.fixture
def empty_registry(tmp_path: Path) -> Iterator[Registry]:
    """A registry that knows nothing yet."""
    made = Registry(tmp_path / "state" / "registry.db")
    yield made
    made.close()
