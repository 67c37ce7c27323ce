"""Fixtures that unit tests share."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from logboom.native import Library, native_library
from logboom.store import Document


@pytest.fixture(scope="session")
def library() -> Library:
    """The compiled part; where it must be there, it is."""
    found = native_library()
    if found is None:
        assert not os.environ.get("CI"), "the compiled part was not built"
        pytest.skip("the compiled part was not built: there is no Rust")
    return found


@pytest.fixture
def documents_left() -> Iterator[Callable[[], list[Any]]]:
    """Says what the collector of rings finds that has documents; nothing else collects meanwhile."""

    def found() -> list[Any]:
        gc.collect()
        holders = (one for one in gc.garbage if isinstance(one, list | tuple | dict))
        return [one for one in holders if any(isinstance(part, Document) for part in one)]

    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    yield found
    gc.set_debug(0)
    gc.garbage.clear()
    gc.enable()
