"""Who answers, when it is no Elasticsearch that we can use?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from logboom.errors import StoreRefused

_CHECK_URLS = "check the store's urls"
_WITH_NAME_SINCE = 8


def stranger(headers: Mapping[str, str], greeting: Any, address: str) -> StoreRefused:  # noqa: ANN401 - JSON
    """What to say of a server that does not name itself as Elasticsearch does.

    Args:
        headers: Of its answer to `GET /`.
        greeting: The decoded answer, of any shape.
        address: Where it is.
    """
    version = greeting.get("version") if isinstance(greeting, dict) else None
    known = version if isinstance(version, dict) else {}
    number = str(known.get("number", ""))
    if any(name.lower().startswith("kbn-") for name in headers):
        what, mend = "this is Kibana's port", "name Elasticsearch's own, which is 9200 as a rule"
    elif known.get("distribution") == "opensearch":
        what = f"this is OpenSearch {number}, which logboom does not know"
        mend = "name an Elasticsearch 8.19 or newer"
    elif "lucene_version" in known and _major(number) < _WITH_NAME_SINCE:
        what, mend = f"Elasticsearch {number} is too old", "upgrade it to 8.19 or newer"
    elif "lucene_version" in known:
        what = "Elasticsearch's header X-Elastic-Product is missing"
        mend = "let the proxy before it pass all headers on"
    else:
        what, mend = "the server that answers is no Elasticsearch", _CHECK_URLS
    return StoreRefused(what, where=address, mend=mend)


def _major(version: str) -> int:
    number = version.partition(".")[0]
    return int(number) if number.isdecimal() else 0
