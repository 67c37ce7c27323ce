"""What near phrases may cost."""

from __future__ import annotations

from logboom.query.model import Phrase
from logboom.store.local.translate import Translator


def test_a_near_phrase_with_accents_costs_no_more_than_it_is_typed() -> None:
    Translator().translate(Phrase("message", "muller grosse losung", 8))
    Translator().translate(Phrase("message", "müller größe lösung", 8))
