"""A pipeline that runs, in both forms."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flow import Pipeline, settings_for


@pytest.fixture(params=["embedded", "distributed"])
def pipeline(request: pytest.FixtureRequest, tmp_path: Path, unique: str) -> Iterator[Pipeline]:
    """Follows the files `logs/*.log` of the test's folder."""
    running = Pipeline(tmp_path, settings_for(request.param, tmp_path, unique, request))
    running.start()
    yield running
    running.stop()
