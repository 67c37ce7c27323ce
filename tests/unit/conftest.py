"""Fixtures that unit tests share."""

from __future__ import annotations

import os

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
