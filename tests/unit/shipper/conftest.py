"""Fixtures that tests of the shipper share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shipper.registry.registry import Registry
from tests.unit.shipper.races import FIRST, plan_the_rest


@pytest.fixture
def empty_registry(tmp_path: Path) -> Iterator[Registry]:
    """A registry that knows nothing yet."""
    made = Registry(tmp_path / "state" / "registry.db")
    yield made
    made.close()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log that was not rotated yet."""
    path = tmp_path / "app.log"
    path.write_bytes(FIRST)
    return path


@pytest.fixture
def registry(empty_registry: Registry, log: Path) -> Registry:
    """Knows the log up to its middle, and has a plan for the rest of it."""
    plan_the_rest(empty_registry, log)
    return empty_registry
