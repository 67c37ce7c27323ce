"""Every index is told of the attributes before the first of them is sent, also when that fails at first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest

from logboom.errors import StoreUnavailable
from logboom.store import Outcome
from logboom.store.elastic.attribute_paths import Kind
from logboom.store.elastic.bulk import WriterSettings
from tests.integration.elastic import document
from tests.unit.store_elastic.bulk_servers import IdleInstaller, writer_to

DAYS = (date(2026, 3, 13), date(2026, 3, 14))
INDICES = ["logs-2026.03.13", "logs-2026.03.14"]
SETTINGS = WriterSettings(max_bytes=100_000, max_requests=2, patience_s=30, spell=False)


class Installer(IdleInstaller):
    """Knows what was done to the indices, and does nothing while it is away."""

    def __init__(self) -> None:
        self.is_away = False
        self.looked_at: list[str] = []
        self.told: list[str] = []

    async def is_there(self, name: str) -> bool:
        self.looked_at.append(name)
        return True

    async def prepare_index(self, name: str) -> None:
        self.looked_at.append(name)

    async def add_attributes(self, name: str, _paths: Mapping[str, Kind]) -> None:
        if self.is_away:
            raise StoreUnavailable("does not answer", where="nowhere")
        self.told.append(name)


class Server:
    """Stores what it gets."""

    async def bulk(self, body: bytes) -> tuple[int, bytes]:
        assert body
        return 200, b'{"errors":false}'


async def test_every_index_is_told_by_the_write_after_one_that_could_not_tell() -> None:
    installer = Installer()
    writer = writer_to(Server(), SETTINGS, installer)
    documents = [document(n, day=day) for n, day in enumerate(DAYS)]
    installer.is_away = True
    with pytest.raises(StoreUnavailable):
        await writer.write(documents)
    installer.is_away = False
    assert await writer.write(documents) == [Outcome.STORED] * 2
    assert installer.told == INDICES


async def test_an_index_that_could_not_be_told_is_looked_at_again() -> None:
    """It is perhaps no more: nobody can be told of the attributes of an index that was dropped."""
    installer = Installer()
    writer = writer_to(Server(), SETTINGS, installer)
    await writer.write([document(1)])
    installer.is_away = True
    with pytest.raises(StoreUnavailable):
        await writer.write([document(2, attributes={"another": 1})])
    installer.is_away = False
    installer.looked_at.clear()
    await writer.write([document(2, attributes={"another": 1})])
    assert installer.looked_at == INDICES[1:]
