"""Everything here reads real files in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.traps.shipping import Shipping

Make = Callable[..., Shipping]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes a shipper of this test's folder; it is stopped at the end."""
    made: list[Shipping] = []

    def make_shipping(pattern: str = "*", **settings: Any) -> Shipping:
        made.append(Shipping(tmp_path, pattern, **settings))
        return made[-1]

    yield make_shipping
    for shipping in made:
        shipping.stop()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log that is not there yet, in a folder that is."""
    (tmp_path / "logs").mkdir()
    return tmp_path / "logs" / "app.log"
