"""What do services on many machines remember? Documents of an Elasticsearch index, compared and set.

A version is the document's `_seq_no` and `_primary_term`: both never come back, so a record that was
deleted and made anew is not taken for the old one.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal
from urllib.parse import quote

import orjson

from logboom.clock import Clock
from logboom.config import ElasticsearchSection
from logboom.elastic.client import Client, decoded
from logboom.elastic.refusals import LATER, failure, reason_of
from logboom.elastic.template import Template, install_template, load
from logboom.errors import (
    DiskFull,
    StateConflict,
    StateFull,
    StateRefused,
    StateUnavailable,
    StoreError,
    StoreRefused,
    StoreUnavailable,
)
from logboom.state.bounds import (
    check_deletions,
    check_kind,
    check_limit,
    check_name,
    check_part,
    check_writes,
)
from logboom.state.port import ANY_VERSION, AnyVersion, Expected, Record, Write, written

log = logging.getLogger("logboom.state")

_DEFAULT_INDEX = "logboom-logs-%Y.%m.%d"
_CODE = re.compile(r"%.")
_MARKS = re.compile(r"[-.]{2,}")
_VERSION = re.compile(r"(\d{1,18})\.([1-9]\d{0,17})\Z")
_BULK_BYTES = 8 * 2**20
_OK, _MISSING, _CONFLICT = 200, 404, 409
_EXISTS = "resource_already_exists_exception"


class ElasticState:
    """The state of all services that share an Elasticsearch and a pattern of day indices.

    Args:
        section: How to reach it, and how many copies its indices have.
        pattern: Of the day indices' names: logboom twice in one cluster has two states.
        clock: Tells when a record is written.

    Raises:
        ConfigError: An address or a certificate cannot be used.
    """

    def __init__(self, section: ElasticsearchSection, pattern: str, clock: Clock) -> None:
        self._client = Client(section, clock)
        self._index = index_name(pattern)
        self._replicas = section.replicas
        self._clock = clock
        self._is_there = False

    @property
    def address(self) -> str:
        """The nodes' addresses, and the index."""
        return f"{self._client.address}, index {self._index}"

    async def get(self, kind: str, key: str) -> Record | None:
        """The record as last written by anybody; see `State.get`."""
        check_name(kind, key)
        with _in_our_terms():
            status, answer = await self._client.try_to("GET", self._path(kind, key))
            if status == _MISSING:
                return None
            self._see_success(status, answer)
        return _record(answer)

    async def put(
        self, kind: str, key: str, value: Mapping[str, Any], *, expected: Expected = ANY_VERSION
    ) -> Record:
        """Writes a record; see `State.put`."""
        one = Write(kind, key, value, expected)
        return written(one, await self.put_many([one]))

    async def put_many(self, writes: Sequence[Write]) -> Sequence[Record | None]:
        """Writes many records, each for itself; see `State.put_many`."""
        values = check_writes(writes)
        if not writes:
            return []
        now_ns = self._clock.now_ns()
        records: list[Record | None] = []
        with _in_our_terms():
            await self._make_index()
            for body, sent in _bodies(self._index, writes, values, now_ns):
                records += await self._send(body, sent, now_ns)
        return records

    async def delete(
        self, kind: str, key: str, *, expected: str | Literal[AnyVersion.ANY] = ANY_VERSION
    ) -> bool:
        """Forgets a record; see `State.delete`."""
        check_name(kind, key)
        parameters = None if expected is AnyVersion.ANY else _condition(expected)
        with _in_our_terms():
            status, answer = await self._client.try_to(
                "DELETE", self._path(kind, key), parameters=parameters
            )
            if status == _CONFLICT or (status == _MISSING and expected is not AnyVersion.ANY):
                raise StateConflict("was changed by somebody else", where=f"{kind} {key}")
            if status == _MISSING:
                return False
            self._see_success(status, answer)
        return True

    async def delete_many(self, kind: str, versions: Mapping[str, str]) -> int:
        """Forgets many records of one kind, each for itself; see `State.delete_many`."""
        check_deletions(kind, versions)
        if not versions:
            return 0
        lines = [_deletion(self._index, kind, key, of) for key, of in versions.items()]
        with _in_our_terms():
            status, content = await self._client.bulk(b"".join(lines))
            answer = decoded(content)
            self._see_success(status, answer)
            return sum(_is_gone(item["delete"], kind) for item in answer["items"])

    async def list(
        self, kind: str, *, prefix: str = "", after: str = "", limit: int = 1000
    ) -> Sequence[Record]:
        """Records of one kind by key; see `State.list`."""
        check_kind(kind)
        check_limit(limit)
        check_part(kind, prefix)
        check_part(kind, after)
        wanted: list[dict[str, Any]] = [{"term": {"kind": kind}}]
        if prefix:
            wanted.append({"prefix": {"key": prefix}})
        if after:
            wanted.append({"range": {"key": {"gt": after}}})
        body = {
            "query": {"bool": {"filter": wanted}}, "sort": ["key"], "size": limit,
            "seq_no_primary_term": True, "track_total_hits": False,
        }  # fmt: skip
        with _in_our_terms():
            return await self._search(body)

    async def close(self) -> None:
        """Lets go of all connections. Idempotent."""
        await self._client.close()

    async def _search(self, body: dict[str, Any]) -> Sequence[Record]:
        """What a search finds that sees every answered write."""
        status, answer = await self._client.try_to("POST", f"/{self._index}/_refresh")
        if status == _MISSING:
            return []
        self._see_success(status, answer)
        found = await self._client.ask(
            "POST", f"/{self._index}/_search", body=body,
            parameters={"allow_partial_search_results": "false"},
        )  # fmt: skip
        return [_record(hit) for hit in found["hits"]["hits"]]

    async def _send(
        self, body: bytes, sent: Sequence[Write], now_ns: int
    ) -> Sequence[Record | None]:
        status, content = await self._client.bulk(body, versions=True)
        answer = decoded(content)
        self._see_success(status, answer)
        return [
            self._outcome(next(iter(item.values())), write, now_ns)
            for item, write in zip(answer["items"], sent, strict=True)
        ]

    def _outcome(self, item: dict[str, Any], write: Write, now_ns: int) -> Record | None:
        status = item["status"]
        where = f"{write.kind} {write.key}"
        if status == _CONFLICT:
            return None
        if status == _MISSING:
            self._is_there = False
            raise StateUnavailable("somebody has deleted the index of the state", where=where)
        _see_taken(item, where)
        return Record(write.kind, write.key, write.value, _version(item), now_ns)

    async def _make_index(self) -> None:
        """Sees that the index is there with our mapping, before it could be made without.

        Raises:
            StateRefused: It is there with another one.
        """
        if self._is_there:
            return
        template = self._template()
        await self._install(template)
        status, answer = await self._client.try_to("GET", f"/{self._index}/_mapping")
        if status == _MISSING:
            content = template.content["template"]
            status, answer = await self._client.try_to("PUT", f"/{self._index}", body=content)
            if not (status == 400 and answer["error"]["type"] == _EXISTS):
                self._see_success(status, answer)
        else:
            self._see_success(status, answer)
            self._see_ours(answer)
        self._is_there = True

    async def _install(self, template: Template) -> None:
        """Installs the template, for an index that somebody deletes and a write makes anew.

        Whoever may not install templates works without: the index is made with the same mapping.
        """
        try:
            await install_template(self._client, template)
        except StoreRefused as error:
            log.info("the template of the state is left to others: %s", error.sentence())

    def _template(self) -> Template:
        content = load("state")
        content["index_patterns"] = [self._index]
        copies = f"0-{self._replicas}" if self._replicas else "false"
        content["template"]["settings"]["index"]["auto_expand_replicas"] = copies
        return Template(f"/_index_template/{quote(self._index)}", "index_template", content)

    def _see_ours(self, answer: Mapping[str, Any]) -> None:
        """Sees that an index that is there is one for records.

        Raises:
            StateRefused: Somebody else has made it.
        """
        for index in answer.values():
            fields = index["mappings"].get("properties", {})
            if any(fields.get(name, {}).get("type") != "keyword" for name in ("kind", "key")):
                raise StateRefused(
                    "was not made by logboom: its records cannot be listed", where=self.address,
                    mend="delete it when nothing in it is needed, or choose another `index`",
                )  # fmt: skip

    def _path(self, kind: str, key: str) -> str:
        return f"/{self._index}/_doc/{quote(_id(kind, key), safe='')}"

    def _see_success(self, status: int, answer: Any) -> None:  # noqa: ANN401 - JSON
        if status >= 300:
            raise failure(status, answer, self._client.address)


def index_name(pattern: str) -> str:
    """The index that goes with day indices of this pattern.

    No day index is ever called so: those have a year where this name has `state`.
    """
    if pattern == _DEFAULT_INDEX:
        return "logboom-state"
    plain = _MARKS.sub("-", _CODE.sub("", pattern)).strip("-_.+")
    return f"logboom-state-{plain or 'days'}"


@contextmanager
def _in_our_terms() -> Iterator[None]:
    """What the store's client raises in here is raised as the state's trouble."""
    try:
        yield
    except DiskFull as error:
        raise StateFull(error.what, where=error.where, mend=error.mend) from error
    except StoreUnavailable as error:
        raise StateUnavailable(error.what, where=error.where, mend=error.mend) from error
    except StoreError as error:
        raise StateRefused(error.what, where=error.where, mend=error.mend) from error


def _bodies(
    index: str, writes: Sequence[Write], values: Sequence[bytes], now_ns: int
) -> Iterator[tuple[bytes, Sequence[Write]]]:
    """Bulk bodies of a bounded size, each with the writes that it holds."""
    lines: list[bytes] = []
    size = start = 0
    for number, (write, value) in enumerate(zip(writes, values, strict=True)):
        if size + len(value) > _BULK_BYTES and lines:
            yield b"".join(lines), writes[start:number]
            lines, size, start = [], 0, number
        lines.append(_lines(index, write, value, now_ns))
        size += len(lines[-1])
    yield b"".join(lines), writes[start:]


def _lines(index: str, write: Write, value: bytes, now_ns: int) -> bytes:
    """A bulk request's two lines for one write."""
    act: dict[str, Any] = {"_index": index, "_id": _id(write.kind, write.key)}
    if isinstance(write.expected, str):
        act |= _condition(write.expected)
    document = orjson.dumps(
        {
            "kind": write.kind, "key": write.key, "written_ns": now_ns,
            "value": orjson.Fragment(value),
        }
    )  # fmt: skip
    verb = "create" if write.expected is None else "index"
    return orjson.dumps({verb: act}) + b"\n" + document + b"\n"


def _deletion(index: str, kind: str, key: str, version: str) -> bytes:
    """A bulk request's one line for a record to be forgotten."""
    act = {"_index": index, "_id": _id(kind, key), **_condition(version)}
    return orjson.dumps({"delete": act}) + b"\n"


def _is_gone(item: Mapping[str, Any], kind: str) -> bool:
    """Whether a deletion did something.

    Raises:
        StateUnavailable: Elasticsearch is busy.
        StateRefused: It will not have it.
    """
    if item["status"] in {_MISSING, _CONFLICT}:
        return False
    _see_taken(item, kind)
    return True


def _see_taken(item: Mapping[str, Any], where: str) -> None:
    """Sees that Elasticsearch took what it was asked for in one item of a bulk request.

    Raises:
        StateUnavailable: It is busy.
        StateRefused: It will not have it.
    """
    status = item["status"]
    if status in LATER:
        raise StateUnavailable(f"Elasticsearch is busy: {reason_of(item)}", where=where)
    if status >= 300:
        raise StateRefused(f"Elasticsearch refuses it: {reason_of(item)}", where=where)


def _condition(expected: str) -> dict[str, int]:
    """What Elasticsearch compares. A version of another state can never match."""
    found = _VERSION.match(expected)
    if found is None:
        return {"if_seq_no": 2**62, "if_primary_term": 1}
    return {"if_seq_no": int(found[1]), "if_primary_term": int(found[2])}


def _id(kind: str, key: str) -> str:
    return f"{kind}:{key}"


def _version(item: Mapping[str, Any]) -> str:
    return f"{item['_seq_no']}.{item['_primary_term']}"


def _record(hit: Mapping[str, Any]) -> Record:
    source = hit["_source"]
    return Record(
        source["kind"], source["key"], source["value"], _version(hit), source["written_ns"]
    )
