"""What is a template of indices, and how does Elasticsearch come by it?

Templates are data in `mappings/elasticsearch/`. One that is installed is never replaced by an older
version of itself.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from hashlib import blake2b
from importlib import resources
from typing import Any

import orjson

from logboom.elastic.client import Client
from logboom.elastic.refusals import failure

log = logging.getLogger("logboom.elastic")

_FOLDER = ("mappings", "elasticsearch")


@dataclass(frozen=True, slots=True)
class Template:
    """A component template, or an index template.

    Attributes:
        path: Where it is installed.
        kind: The key of a list of such templates in Elasticsearch's answers.
        content: With `version` and `_meta`.
    """

    path: str
    kind: str
    content: dict[str, Any]

    @property
    def version(self) -> int:
        """Grows with every change of the file."""
        return int(self.content["version"])

    @property
    def digest(self) -> str:
        """Stands for the content, the configured settings included."""
        return blake2b(
            orjson.dumps(self.content, option=orjson.OPT_SORT_KEYS), digest_size=12
        ).hexdigest()

    def marked(self) -> dict[str, Any]:
        """The content with its digest in `_meta`."""
        return {**self.content, "_meta": {**self.content["_meta"], "digest": self.digest}}


def load(name: str) -> dict[str, Any]:
    """A file of `mappings/elasticsearch/`."""
    text = resources.files(_FOLDER[0]).joinpath(*_FOLDER[1:], f"{name}.json").read_bytes()
    content: dict[str, Any] = orjson.loads(text)
    return content


async def install_template(client: Client, template: Template) -> None:
    """Installs a template that is missing, or older than ours, or differs from ours.

    Raises:
        StoreUnavailable: Try again later.
        StoreRefused: We may not install it.
    """
    status, answer = await client.try_to("GET", template.path)
    if status not in {200, 404}:
        raise failure(status, answer, client.address)
    if status == 200:
        installed = answer[f"{template.kind}s"][0][template.kind]
        version = int(installed.get("version", 0))
        if version > template.version:
            log.warning(
                "the installed template %s has version %d and ours %d: it is left as it is;"
                " run the newest logboom everywhere",
                template.path, version, template.version,
            )  # fmt: skip
            return
        if installed.get("_meta", {}).get("digest") == template.digest:
            return
    await client.ask("PUT", template.path, body=template.marked())
