"""Who is looked at next: each once, at the time that was set last."""

from __future__ import annotations

import pytest

from shipper.reading.looks import Looks


class Thing:
    def __init__(self, next_look: float) -> None:
        self.next_look = next_look


def put(looks: Looks[Thing], *things: Thing) -> None:
    for thing in things:
        looks.put(thing)


def test_those_whose_time_has_come_are_taken_in_order_and_once() -> None:
    late, soon, also_soon = Thing(3.0), Thing(1.0), Thing(1.0)
    looks = Looks[Thing]()
    put(looks, late, soon, also_soon, soon)
    assert looks.next() == 1.0
    assert looks.due(0.5) == []
    assert looks.due(2.0) == [soon, also_soon]
    assert looks.due(2.0) == []
    assert looks.due(3.0) == [late]
    assert looks.next() is None


def test_only_the_time_that_was_set_last_counts() -> None:
    thing, other = Thing(1.0), Thing(5.0)
    looks = Looks[Thing]()
    put(looks, thing, other)
    thing.next_look = 9.0
    looks.put(thing)
    assert looks.next() == 5.0
    assert looks.due(6.0) == [other]
    thing.next_look = 7.0
    looks.put(thing)
    assert looks.due(10.0) == [thing]
    assert looks.next() is None


def test_one_that_is_put_back_at_its_old_time_is_due_again() -> None:
    thing = Thing(1.0)
    looks = Looks[Thing]()
    looks.put(thing)
    assert looks.due(1.0) == [thing]
    looks.put(thing)
    assert looks.due(1.0) == [thing]


@pytest.mark.parametrize("kept", [0, 50, 99])
def test_whose_time_was_changed_is_gone_over_once(kept: int) -> None:
    asked = 0

    class Counted(Thing):
        def __getattribute__(self, name: str) -> object:
            nonlocal asked
            asked += name == "next_look"
            return super().__getattribute__(name)

    looks = Looks[Thing]()
    things = [Counted(1.0) for _ in range(100)]
    put(looks, *things)
    rests = things.pop(kept)
    for thing in things:
        thing.next_look = 9.0
        looks.put(thing)
    assert looks.next() == 1.0
    asked = 0
    assert looks.next() == 1.0
    assert asked == 1
    assert looks.due(1.0) == [rests]
    assert looks.due(9.0) == things
