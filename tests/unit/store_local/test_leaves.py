"""Values are found by their own text, whatever tantivy makes of them."""

from __future__ import annotations

import random

import orjson
from tantivy import Index, Query

from logboom.store.local.leaves import equal
from logboom.store.local.schema import SCHEMA, teach_words


def hits(index: Index, query: Query) -> int:
    return len(index.searcher().search(query, 10).hits)


def test_every_fraction_is_found_by_its_own_digits() -> None:
    dice = random.Random(5)
    numbers = [
        dice.uniform(-1, 1) * 10.0 ** dice.randint(-300, 300) if dice.random() < 0.5
        else dice.uniform(-1e6, 1e6)
        for _ in range(1500)
    ]  # fmt: skip
    index = teach_words(Index(SCHEMA))
    writer = index.writer(heap_size=15_000_000, num_threads=1)
    for number in numbers:
        writer.add_json(orjson.dumps({"attributes": {"x": number}}).decode())
    writer.commit()
    index.reload()
    missed = [one for one in numbers if hits(index, equal("attributes.x", repr(one))) < 1]
    assert missed == []


def test_a_fraction_of_few_digits_is_nothing_else() -> None:
    index = teach_words(Index(SCHEMA))
    writer = index.writer(heap_size=15_000_000, num_threads=1)
    for number in (0.1, 0.10000000000000002, 12.5, 12.500000000000002):
        writer.add_json(orjson.dumps({"attributes": {"x": number}}).decode())
    writer.commit()
    index.reload()
    assert hits(index, equal("attributes.x", "0.1")) == 1
    assert hits(index, equal("attributes.x", "12.5")) == 1
