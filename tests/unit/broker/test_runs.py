"""Are runs of messages the same as the messages one by one?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logboom.broker import Message
from logboom.broker.packing import Packer, Unpacker
from logboom.broker.runs import Run, Runs

GROUPS = st.lists(st.tuples(st.binary(max_size=4), st.lists(st.binary(max_size=40), max_size=5)))


def of(groups: list[tuple[bytes, list[bytes]]]) -> tuple[Runs, list[Message]]:
    runs = Runs(Run.of(key, values) for key, values in groups)
    return runs, [Message(key, value) for key, values in groups for value in values]


@given(GROUPS)
def test_they_are_a_sequence_of_messages(groups: list[tuple[bytes, list[bytes]]]) -> None:
    runs, messages = of(groups)
    assert len(runs) == len(messages)
    assert list(runs) == messages
    assert [runs[number] for number in range(len(runs))] == messages
    assert [runs[-number] for number in range(1, len(runs) + 1)] == messages[::-1]
    assert runs[1:3] == messages[1:3]
    with pytest.raises(IndexError):
        runs[len(messages)]


@given(GROUPS)
def test_they_are_packed_as_messages_are(groups: list[tuple[bytes, list[bytes]]]) -> None:
    runs, messages = of(groups)
    assert Unpacker().unpack(Packer().pack(runs), len(messages)) == messages
    assert Unpacker().unpack(Packer().pack(messages), len(messages)) == messages
