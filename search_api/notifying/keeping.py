"""How are groups kept, so that one dispatcher at a time changes them and none of it is lost?"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from logboom.errors import StateConflict
from logboom.state import Record, State, Write
from search_api.alerts import outbox
from search_api.alerts.outbox import StagedTransition
from search_api.notifying.group import KIND, Group
from search_api.notifying.joining import Groups
from search_api.notifying.quiet import Quiet, silence_of

SILENCES: Final = "alert-silence"
ACKNOWLEDGEMENTS: Final = "alert-acknowledgement"
_PAGE: Final = 1000
_MOST_WRITES: Final = 500


async def all_records(state: State, kind: str, *, most: int = 100_000) -> list[Record]:
    """All records of a kind, by key.

    Raises:
        StateError: They cannot be read.
    """
    found: list[Record] = []
    while len(found) < most:
        after = found[-1].key if found else ""
        page = await state.list(kind, after=after, limit=min(_PAGE, most - len(found)))
        found += page
        if len(page) < _PAGE:
            break
    return found


class KeptGroups:
    """The groups in the state, as this process knows them.

    Args:
        state: Has them.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._versions: dict[str, str] = {}

    async def read(self) -> Groups:
        """All groups, as anybody wrote them last.

        Raises:
            StateError: They cannot be read.
        """
        records = await all_records(self._state, KIND)
        self._versions = {record.key: record.version for record in records}
        return {record.key: Group.from_json(record.key, record.value) for record in records}

    async def write(self, before: Groups, after: Groups) -> None:
        """Writes what has changed, if nobody else has meanwhile; what is gone goes last.

        Args:
            before: As they were read or written last.
            after: As they are to be.

        Raises:
            StateConflict: Somebody else writes them: read them again.
            StateError: Any of them may or may not be written.
        """
        changed = [group for key, group in after.items() if before.get(key) is not group]
        for begin in range(0, len(changed), _MOST_WRITES):
            await self._put(changed[begin : begin + _MOST_WRITES])
        for key in before.keys() - after.keys():
            version = self._versions.pop(key, None)
            if version is not None:
                await self._state.delete(KIND, key, expected=version)

    async def _put(self, groups: Sequence[Group]) -> None:
        writes = [
            Write(KIND, one.key, one.to_json(), expected=self._versions.get(one.key))
            for one in groups
        ]
        for record, write in zip(await self._state.put_many(writes), writes, strict=True):
            if record is None:
                raise StateConflict("was changed by somebody else", where=f"{KIND} {write.key}")
            self._versions[record.key] = record.version


async def read_staged(state: State) -> tuple[Mapping[str, Record], Sequence[StagedTransition]]:
    """The rules' records that have transitions which wait, by key, and these.

    Raises:
        StateError: They cannot be read.
    """
    records = {record.key: record for record in await all_records(state, outbox.KIND)}
    staged = outbox.staged(records.values())
    return {key: records[key] for key in {one.key for one in staged}}, staged


async def forget_staged(
    state: State, records: Mapping[str, Record], staged: Collection[StagedTransition]
) -> None:
    """Lets the rules' records forget what is durable elsewhere; one that has changed keeps it for now.

    Raises:
        StateError: They may or may not have forgotten.
    """
    writes = [
        Write(
            outbox.KIND, key, outbox.taken(record, {s.sequence for s in staged if s.key == key}),
            expected=record.version,
        )
        for key, record in records.items()
    ]  # fmt: skip
    for begin in range(0, len(writes), _MOST_WRITES):
        await state.put_many(writes[begin : begin + _MOST_WRITES])


async def read_quiet(state: State) -> Quiet:
    """What people have silenced and acknowledged; a silence that cannot be read does not hold.

    Raises:
        StateError: It cannot be read.
    """
    records = await all_records(state, SILENCES)
    # This is asked each second; whoever prunes says it loudly, and less often.
    found = (silence_of(one, level=logging.DEBUG) for one in records)
    silences = [one for one in found if one is not None]
    acknowledged = await all_records(state, ACKNOWLEDGEMENTS)
    return Quiet(silences, frozenset(record.key for record in acknowledged))
