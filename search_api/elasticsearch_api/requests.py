"""What does a request ask for, its path, its parameters and its body together?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from search_api.elasticsearch_api.bodies import an_object, decoded
from search_api.elasticsearch_api.refusals import instead_of, unsupported

_WITHOUT_EFFECT = frozenset(
    {
        "allow_no_indices", "allow_partial_search_results", "batched_reduce_size",
        "ccs_minimize_roundtrips", "error_trace", "expand_wildcards", "human",
        "ignore_throttled", "include_defaults", "include_unmapped", "local", "master_timeout",
        "max_concurrent_searches", "max_concurrent_shard_requests", "pre_filter_shard_size",
        "preference", "pretty", "request_cache", "routing", "search_type", "timeout",
        "wait_for_status", "level", "analyze_wildcard", "lenient", "realtime", "refresh",
    }
)  # fmt: skip
_INTO_BODY = ("size", "from", "track_total_hits", "search_after", "timeout")
_OF_SOURCE = {"_source": None, "_source_includes": "includes", "_source_excludes": "excludes"}
_ELSEWHERE = frozenset(
    {
        "q", "df", "default_operator", "sort", "ignore_unavailable", "rest_total_hits_as_int",
        "filter_path", "fields", "format", "v", "h", "s", "bytes", "docvalue_fields",
        "typed_keys", "filters", "types", "include_empty_fields",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """A request.

    Attributes:
        method: Of HTTP.
        path: Its steps behind the prefix.
        parameters: Of the query string.
        body: As it came.
        accept: The media type that the client wants.
    """

    method: str
    path: tuple[str, ...]
    parameters: Mapping[str, str]
    body: bytes
    accept: str

    @property
    def is_lenient(self) -> bool:
        """True when indices that there are not are no error."""
        return self.parameters.get("ignore_unavailable", "false") in {"true", ""}

    def check_parameters(self) -> None:
        """Sees that no parameter asks for what would not be done.

        Raises:
            Refused: One of them does, which is named.
        """
        known = {*_WITHOUT_EFFECT, *_INTO_BODY, *_OF_SOURCE, *_ELSEWHERE}
        for name in self.parameters:
            if name not in known:
                raise unsupported(f"the parameter {name!r}", instead_of(name))
        for name in ("typed_keys", "filter_path"):
            if self.parameters.get(name, "false") != "false":
                raise unsupported(f"the parameter {name!r}", instead_of(name))

    def content(self) -> dict[str, Any]:
        """The body, and what parameters say in its place.

        Raises:
            Refused: It cannot be read.
        """
        body = an_object(decoded(self.body), "the request")
        for name in _INTO_BODY:
            if name in self.parameters:
                body[name] = self.parameters[name]
        if "sort" in self.parameters:
            body["sort"] = self.parameters["sort"].split(",")
        if "docvalue_fields" in self.parameters:
            body["docvalue_fields"] = self.parameters["docvalue_fields"].split(",")
        self._put_source(body)
        if "q" in self.parameters:
            body["query"] = self._query_string()
        return body

    def _put_source(self, body: dict[str, Any]) -> None:
        for name, part in _OF_SOURCE.items():
            value = self.parameters.get(name)
            if value is None:
                continue
            if part is not None:
                body["_source"] = {
                    **(body["_source"] if isinstance(body.get("_source"), dict) else {}),
                    part: value.split(","),
                }
            else:
                body["_source"] = value if value in {"true", "false"} else value.split(",")

    def _query_string(self) -> dict[str, Any]:
        content: dict[str, Any] = {"query": self.parameters["q"]}
        for name, key in (("default_operator", "default_operator"), ("df", "default_field")):
            if name in self.parameters:
                content[key] = self.parameters[name]
        return {"query_string": content}
