"""Are phrases that would cost too much refused, with what to do instead?"""

from __future__ import annotations

from math import comb
from pathlib import Path

import pytest

from logboom.errors import QueryError
from logboom.query.model import Phrase
from logboom.store.local import translate
from logboom.store.local.translate import Translator

PAGE = (Path(__file__).parents[3] / "docs" / "queries.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("phrase", "slop"), [("a b", 499), ("a b c", 30), ("주문 실패", 49), ("a b c d e f", 0)]
)
def test_phrases_with_some_words_between_are_asked_for(phrase: str, slop: int) -> None:
    assert Translator().translate(Phrase("message", phrase, slop)) is not None


@pytest.mark.parametrize(("phrase", "slop"), [("a b", 500), ("a b c d", 20), ("주문 실패", 50)])
def test_phrases_with_many_words_between_are_refused(phrase: str, slop: int) -> None:
    with pytest.raises(QueryError, match="a smaller number after the ~") as error:
        Translator().translate(Phrase("message", phrase, slop))
    assert str(slop) in str(error.value)


def test_the_bounds_are_told() -> None:
    most, of_parts = translate._MOST_SPACINGS, translate._MOST_SPACINGS_OF_PARTS
    assert f"more than {most} ways, or {of_parts} where they mean longer words" in PAGE
    assert f'`"a b c"~20` has {comb(2 + 20, 20)}' in PAGE
