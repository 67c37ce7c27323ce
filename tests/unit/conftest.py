"""Fixtures that unit tests share."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from typing import Any

import pytest

from logboom.native import Library, native_library


@pytest.fixture(scope="session")
def library() -> Library:
    """The compiled part; where it must be there, it is."""
    found = native_library()
    if found is None:
        assert not os.environ.get("CI"), "the compiled part was not built"
        pytest.skip("the compiled part was not built: there is no Rust")
    return found


@pytest.fixture
def left_to_the_collector() -> Iterator[list[Any]]:
    """What the collector of rings finds; nothing else collects meanwhile."""
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    yield gc.garbage
    gc.set_debug(0)
    gc.garbage.clear()
    gc.enable()
