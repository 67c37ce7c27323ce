"""How do day indices come by our templates? The writer installs and upgrades them.

Existing indices are left as they are.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

from logboom.clock import Clock
from logboom.config import ElasticsearchSection
from logboom.elastic.client import Client
from logboom.elastic.refusals import failure, reason_of
from logboom.elastic.server import Server
from logboom.elastic.template import install_template
from logboom.errors import StoreRefused
from logboom.fields import ATTRIBUTES
from logboom.store.elastic.attribute_paths import Kind
from logboom.store.elastic.names import IndexNames
from logboom.store.elastic.templates import MANAGED_BY, attribute_mapping, templates

log = logging.getLogger("logboom.store")

_NO_ROOM = "Limit of total fields"
_EXISTS = "resource_already_exists_exception"


class Installer:
    """Installs templates, and creates day indices after them.

    Args:
        client: The way to Elasticsearch.
        section: Settings of day indices.
        names: Of the day indices.
        server: What the cluster can do.
        clock: For the name of today's index.
    """

    def __init__(
        self, client: Client, section: ElasticsearchSection, names: IndexNames, server: Server,
        clock: Clock,
    ) -> None:  # fmt: skip
        self._client = client
        self._names = names
        self._clock = clock
        self._templates = templates(section, names, cuts_words=server.cuts_words)

    async def install(self) -> None:
        """Installs what is missing or older, and sees that new indices will be made after it.

        Raises:
            StoreUnavailable: Try again later.
            StoreRefused: We may not install them, or another template goes before ours.
        """
        for template in self._templates:
            await install_template(self._client, template)
        await self._check_precedence()

    async def prepare_index(self, name: str) -> None:
        """Sees to it that an index exists, and says when it was not made by our templates.

        Raises:
            StoreUnavailable: Try again later.
            StoreRefused: It cannot be created.
        """
        managed = await self._is_managed(name)
        if managed is None:
            await self.install()  # somebody may have deleted them since
            await self._create(name)
            managed = await self._is_managed(name)
        if not managed:
            log.warning(
                "the index %s was not made by logboom's templates: its mapping may refuse events,"
                " or not find all of them", name,
            )  # fmt: skip

    async def is_there(self, name: str) -> bool:
        """True when there is an index of this name.

        Raises:
            StoreUnavailable: Try again later.
        """
        status, answer = await self._client.try_to("HEAD", f"/{quote(name)}")
        if status not in {200, 404}:
            raise failure(status, answer, self._client.address)
        return status == 200

    async def add_attributes(self, name: str, paths: Mapping[str, Kind]) -> None:
        """Tells an index what attributes hold, in one go.

        An index that has no room for all of them is told of the numbers, and otherwise left as it is.

        Args:
            name: Of the index.
            paths: Dotted names below `attributes`, and what is there.

        Raises:
            StoreUnavailable: Try again later.
            StoreRefused: We may not change the mapping.
        """
        attributes = {
            "type": "object",
            "subobjects": False,
            "properties": {path: attribute_mapping(kind.value) for path, kind in paths.items()},
        }
        status, answer = await self._client.try_to(
            "PUT", f"/{quote(name)}/_mapping", body={"properties": {ATTRIBUTES: attributes}}
        )
        has_no_room = status == 400 and _NO_ROOM in reason_of(answer)
        numbers = {path: kind for path, kind in paths.items() if kind is Kind.NUMBER}
        if has_no_room and 0 < len(numbers) < len(paths):
            await self.add_attributes(name, numbers)  # texts need no telling: as many as fit will
        elif status == 400 and len(paths) > 1 and not has_no_room:
            both = list(paths.items())  # one odd name must not keep the others from being told
            await self.add_attributes(name, dict(both[: len(both) // 2]))
            await self.add_attributes(name, dict(both[len(both) // 2 :]))
        elif status == 400:
            log.warning(
                "the index %s cannot be told of %d attributes: %s",
                name, len(paths), reason_of(answer),
            )  # fmt: skip
        elif status != 200:
            raise failure(status, answer, self._client.address)

    async def _check_precedence(self) -> None:
        today = datetime.fromtimestamp(self._clock.now_ns() // 1_000_000_000, UTC).date()
        path = f"/_index_template/_simulate_index/{quote(self._names.of(today))}"
        simulated = await self._client.ask("POST", path)
        meta = simulated.get("template", {}).get("mappings", {}).get("_meta", {})
        if meta.get("managed_by") != MANAGED_BY:
            raise StoreRefused(
                f"another index template goes before ours for {self._names.patterns[0]}",
                where=self._client.address,
                mend="choose another name in the setting `index`, or lower that template's priority",
            )

    async def _is_managed(self, name: str) -> bool | None:
        """Whether our templates made an index; None when there is no such index."""
        status, answer = await self._client.try_to(
            "GET", f"/{quote(name)}/_mapping", parameters={"filter_path": "*.mappings._meta"}
        )
        if status == 404:
            return None
        if status != 200:
            raise failure(status, answer, self._client.address)
        found = [index["mappings"]["_meta"] for index in answer.values() if index]
        return any(meta.get("managed_by") == MANAGED_BY for meta in found)

    async def _create(self, name: str) -> None:
        status, answer = await self._client.try_to("PUT", f"/{quote(name)}")
        if status == 200 or (status == 400 and answer["error"]["type"] == _EXISTS):
            return
        if status == 400:
            raise StoreRefused(
                f"the index {name} cannot be created: {reason_of(answer)}",
                where=self._client.address,
            )
        raise failure(status, answer, self._client.address)
