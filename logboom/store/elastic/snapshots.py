"""How are day indices backed up to a repository of Elasticsearch's own, and taken back from it?

Snapshots are incremental: a repository holds every segment once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, TypeVar
from urllib.parse import quote

from logboom.clock import Clock
from logboom.elastic.client import Client
from logboom.elastic.refusals import failure, reason_of
from logboom.errors import LogboomError, StoreRefused, StoreUnavailable
from logboom.store.elastic.names import IndexNames

_Result = TypeVar("_Result")

_FIRST_LOOK_S = 0.1
_LONGEST_LOOK_S = 5.0
_RUNNING = "IN_PROGRESS"
_WHOLE = "SUCCESS"
_MENDS: Mapping[str, str] = {
    "repository_exception": "for a shared folder, name it in path.repo of every node; for S3 and the"
    " like, give the keys to Elasticsearch's keystore",
    "repository_verification_exception": "every node must be able to write to the repository's place",
    "repository_missing_exception": "register the repository first",
    "snapshot_missing_exception": "ask for the snapshots that are there",
    "invalid_snapshot_name_exception": "take a name in lower case that no other snapshot has",
    "snapshot_name_already_in_use_exception": "take a name that no other snapshot has",
    "snapshot_restore_exception": "restore under a prefix, or drop the days that are there already",
}
"""What helps, by the type of Elasticsearch's error; all of these come with different statuses."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a repository holds under one name.

    Attributes:
        name: Of the snapshot.
        indices: Names of the indices in it.
        is_whole: All of their shards are in it.
        started_ms: When it was begun, ms since the epoch.
    """

    name: str
    indices: Sequence[str]
    is_whole: bool
    started_ms: int


class Snapshots:
    """Makes snapshots, and restores them.

    Args:
        client: The way to Elasticsearch.
        names: Of the day indices.
        clock: For patience.
        patience_s: One snapshot, or one restoring, may take so long.
    """

    def __init__(
        self, client: Client, names: IndexNames, clock: Clock, *, patience_s: float = 3600.0
    ) -> None:
        self._client = client
        self._names = names
        self._clock = clock
        self._patience_s = patience_s

    async def register(
        self, repository: str, settings: Mapping[str, Any], *, kind: str = "fs"
    ) -> None:
        """Makes a repository known to the cluster, and lets every node try to write to it. Idempotent.

        Args:
            repository: Its name.
            settings: For `fs` at least `location`, a folder below `path.repo` of every node.
            kind: `fs`, `s3`, `gcs`, `azure`, `url`, as far as the server has it.

        Raises:
            StoreRefused: The place cannot be used, or we have no right to it.
            StoreUnavailable: Try again later.
        """
        body = {"type": kind, "settings": dict(settings)}
        await self._ask("PUT", f"/_snapshot/{quote(repository, safe='')}", body)

    async def make(
        self, repository: str, name: str, *, indices: Sequence[str] | None = None
    ) -> Snapshot:
        """Makes a snapshot; returns when it is whole.

        Args:
            repository: Where to.
            name: Of the snapshot: lower case, new.
            indices: Names or patterns; without them, all day indices. Missing ones are no error.

        Raises:
            StoreRefused: It cannot be made, or not of all shards.
            StoreUnavailable: Try again later.
        """
        body = {
            "indices": list(self._names.patterns if indices is None else indices),
            "ignore_unavailable": True,
            "include_global_state": False,
        }
        await self._ask("PUT", _path(repository, name), body)
        made = await self._until(lambda: self._finished(repository, name), f"the snapshot {name}")
        if not made.is_whole:
            raise StoreRefused(
                f"the snapshot {name} lacks some shards",
                where=self._client.address,
                mend="look at the cluster's health, and make another one",
            )
        return made

    async def list(self, repository: str) -> Sequence[Snapshot]:
        """What a repository holds, oldest first.

        Raises:
            StoreRefused: There is no such repository.
            StoreUnavailable: Try again later.
        """
        answer = await self._ask("GET", _path(repository, "_all"))
        found = [_snapshot(one) for one in answer["snapshots"]]
        return sorted(found, key=lambda one: (one.started_ms, one.name))

    async def restore(
        self, repository: str, name: str, *, indices: Sequence[str] | None = None, prefix: str = ""
    ) -> Mapping[str, int]:
        """Brings indices back; returns when all of their primary shards are.

        Args:
            repository: Where from.
            name: Of the snapshot.
            indices: Names or patterns; without them, all that the snapshot holds.
            prefix: Put before the names of the restored indices: for looking before trusting.

        Returns:
            Documents by the names of the restored indices.

        Raises:
            StoreRefused: The snapshot is not there, or an index of such a name is there already.
            StoreUnavailable: Try again later.
        """
        body: dict[str, Any] = {"include_global_state": False, "include_aliases": False}
        if indices is not None:
            body |= {"indices": list(indices), "ignore_unavailable": True}
        if prefix:
            body |= {"rename_pattern": "(.+)", "rename_replacement": f"{prefix}$1"}
        held = await self._held(repository, name)
        wanted = {
            f"{prefix}{index}"
            for index in held.indices
            if indices is None or any(fnmatchcase(index, one) for one in indices)
        }
        await self._ask("POST", f"{_path(repository, name)}/_restore", body)
        return await self._until(lambda: self._restored(wanted), f"restoring {name}")

    async def delete(self, repository: str, name: str) -> None:
        """Deletes a snapshot; what other snapshots need stays. One that is not there is no error.

        Raises:
            StoreRefused: There is no such repository, or we have no right to it.
            StoreUnavailable: Try again later.
        """
        status, answer = await self._client.try_to("DELETE", _path(repository, name))
        if status >= 300 and _kind(answer) != "snapshot_missing_exception":
            raise self._failure(status, answer)

    async def _held(self, repository: str, name: str) -> Snapshot:
        answer = await self._ask("GET", _path(repository, name))
        return _snapshot(answer["snapshots"][0])

    async def _finished(self, repository: str, name: str) -> Snapshot | None:
        """The snapshot; None while it is being made."""
        answer = await self._ask("GET", _path(repository, name))
        found = answer["snapshots"][0]
        return None if found["state"] == _RUNNING else _snapshot(found)

    async def _restored(self, wanted: Set[str]) -> Mapping[str, int] | None:
        """Documents by index; None while some of them are not all there."""
        rows = await self._ask("GET", "/_cat/indices?format=json&h=index,health,docs.count")
        ready = {
            row["index"]: int(row["docs.count"])
            for row in rows
            if row["index"] in wanted and row["health"] != "red" and row["docs.count"] is not None
        }
        return ready if ready.keys() == wanted else None

    async def _until(self, look: Callable[[], Awaitable[_Result | None]], what: str) -> _Result:
        """Looks again and again, ever more slowly."""
        due = self._clock.monotonic() + self._patience_s
        wait_s = _FIRST_LOOK_S
        while (found := await look()) is None:
            if self._clock.monotonic() > due:
                raise StoreUnavailable(
                    f"{what} is not done after {self._patience_s:.0f} s; it goes on by itself",
                    where=self._client.address,
                )
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, _LONGEST_LOOK_S)
        return found

    async def _ask(self, method: str, path: str, body: Any = None) -> Any:  # noqa: ANN401 - JSON
        status, answer = await self._client.try_to(method, path, body=body)
        if status >= 300:
            raise self._failure(status, answer)
        return answer

    def _failure(self, status: int, answer: Any) -> LogboomError:  # noqa: ANN401 - JSON
        mend = _MENDS.get(_kind(answer))
        if mend is None:
            return failure(status, answer, self._client.address)
        return StoreRefused(reason_of(answer), where=self._client.address, mend=mend)


def _path(repository: str, name: str) -> str:
    return f"/_snapshot/{quote(repository, safe='')}/{quote(name, safe='')}"


def _kind(answer: Any) -> str:  # noqa: ANN401 - JSON
    error = answer.get("error") if isinstance(answer, dict) else None
    return str(error.get("type")) if isinstance(error, dict) else ""


def _snapshot(found: Mapping[str, Any]) -> Snapshot:
    return Snapshot(
        found["snapshot"], tuple(sorted(found["indices"])), found["state"] == _WHOLE,
        int(found.get("start_time_in_millis", 0)),
    )  # fmt: skip
