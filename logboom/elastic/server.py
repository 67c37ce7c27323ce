"""What kind of server is it, and what can it do?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from logboom.elastic.client import Client, NoElasticsearch
from logboom.elastic.strangers import stranger
from logboom.errors import StoreRefused

OLDEST = (8, 19)
NEWEST_MAJOR = 9
_ASKED = (
    "cluster_name,nodes.*.version,nodes.*.modules.name,nodes.*.http.max_content_length_in_bytes"
)
_TOKENIZERS = "analysis-common"
_EXTRAS = {"x-pack-ilm": "ILM", "data-streams": "data streams"}
_VERSION = re.compile(r"(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True)
class Server:
    """A cluster, as its nodes describe it.

    Attributes:
        name: Of the cluster.
        version: The oldest of its nodes', as they write it.
        nodes: How many there are.
        cuts_words: All of them have the tokenizer that cuts texts into our words.
        max_content_bytes: The largest request that each of them takes.
        extras: What all of them can do besides that we do not need: data streams, ILM.
    """

    name: str
    version: str
    nodes: int
    cuts_words: bool
    max_content_bytes: int
    extras: Sequence[str] = ()

    @property
    def is_newer_than_known(self) -> bool:
        """True for a major version that came after this was written."""
        return _parts(self.version)[0] > NEWEST_MAJOR


async def ask_server(client: Client) -> Server:
    """Asks the nodes of the cluster what they are.

    Raises:
        StoreUnavailable: Elasticsearch does not answer.
        StoreRefused: It refuses us, is too old, or is none.
    """
    try:
        answer = await client.ask(
            "GET", "/_nodes/_all/plugins,http", parameters={"filter_path": _ASKED}
        )
    except NoElasticsearch as error:
        headers, greeting = await client.greeting()
        raise stranger(headers, greeting, client.address) from error
    server = _server(answer)
    if _parts(server.version) < OLDEST:
        raise StoreRefused(
            f"Elasticsearch {server.version} is too old",
            where=client.address,
            mend="upgrade it to 8.19 or newer",
        )
    return server


def _server(answer: Any) -> Server:  # noqa: ANN401 - JSON
    nodes = list(answer["nodes"].values())
    return Server(
        name=answer["cluster_name"],
        version=min((node["version"] for node in nodes), key=_parts),
        nodes=len(nodes),
        cuts_words=all(_TOKENIZERS in _modules(node) for node in nodes),
        max_content_bytes=min(
            node.get("http", {}).get("max_content_length_in_bytes", 100 * 2**20) for node in nodes
        ),
        extras=[
            name for module, name in _EXTRAS.items() if all(module in _modules(n) for n in nodes)
        ],
    )


def _modules(node: Mapping[str, Any]) -> set[str]:
    return {module["name"] for module in node.get("modules", ())}


def _parts(version: str) -> tuple[int, int]:
    found = _VERSION.match(version)
    return (int(found[1]), int(found[2])) if found else (0, 0)
