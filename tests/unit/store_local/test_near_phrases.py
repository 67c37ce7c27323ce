"""What near phrases and long words may cost."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from logboom.query.analysis import is_unspaced
from logboom.query.model import Phrase, Term
from logboom.store.local.translate import Translator


def test_a_near_phrase_with_accents_costs_no_more_than_it_is_typed() -> None:
    Translator().translate(Phrase("message", "muller grosse losung", 8))
    Translator().translate(Phrase("message", "müller größe lösung", 8))


@given(
    st.text("a1", max_size=16),
    st.lists(
        st.sampled_from(["a" * 8, "a1", "a", "é", "가", "\U00020000", "\U00020001"]), min_size=64
    ),
)
@example("", ["\U00020000"] * 200)
@example("a" * 16, ["\U00020000"] * 64)
@example("a" * 4, ["\U00020000"] * 64)
@example("a" * 15, ["가" + "a" * 16] * 9)
def test_parts_of_any_length_can_be_looked_for(head: str, rest: list[str]) -> None:
    word = f"{head}가{''.join(rest)}"
    assert is_unspaced(word)
    Translator().translate(Term("message", word))
    Translator().translate(Phrase("message", f"{word} {word}", 1))
