"""Which parts of a text are secrets? They are replaced before anything is sent or kept."""

from __future__ import annotations

import re
import string
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import accumulate, chain, product, zip_longest

from ahocorasick_rs import BytesAhoCorasick

from logboom.config.redaction import RedactionSection
from logboom.errors import ConfigError
from shipper.parsers.grok.classes import SyntaxTrouble
from shipper.parsers.grok.effort import effort_of
from shipper.parsers.grok.syntax import read_expression
from shipper.parsers.port import Fields
from shipper.redaction.fields import clean_fields
from shipper.redaction.hints import automaton
from shipper.redaction.key_lines import WITHIN_A_KEY
from shipper.redaction.rules import (
    CARD_FORMS,
    DEFAULT_RULES,
    KEY_LINE,
    KEY_LINE_LENGTHS,
    OPTIONAL_RULES,
    REPLACEMENT,
    Rule,
)

__all__ = ["DEFAULT_RULES", "OPTIONAL_RULES", "REPLACEMENT", "Redactor", "Rule"]

_ASSIGNED_WITHIN = 12
_FORMS = bytes.maketrans(b"123456789 ", b"000000000-")
_WITHIN = frozenset(b"0123456789.-_" + string.ascii_letters.encode())
_FORM_SIGNS = frozenset("0- .")
_SEARCHED_WITHIN = {"n": 0, "n^2": 16_384}


class Redactor:
    """Replaces secrets in texts and fields.

    Args:
        rules: Tried in order on texts that look as if they might hold a secret.

    Attributes:
        counts: Events in which a rule has found something, by its name.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = tuple(rules)
        self.counts: Counter[str] = Counter()
        self._by_name = any(rule.name == "password" for rule in rules)
        self._has_key_lines = any(rule.name == "private_key" for rule in rules)
        self._always = [n for n, rule in enumerate(rules) if not rule.hints]
        hints = [(h, n) for n, rule in enumerate(rules) for h in rule.hints if not _is_form(h)]
        forms = [(h, n) for n, rule in enumerate(rules) for h in rule.hints if _is_form(h)]
        self._hints = _Hints(hints)
        self._forms = _Hints(forms)

    @property
    def automaton(self) -> bytes | None:
        """Finds every text that `suspects` finds, and some more: for the compiled part.

        None when there is no cheap look for some rule.
        """
        return None if self._always else _automaton(self._rules)

    @classmethod
    def with_defaults(cls) -> Redactor:
        """The rules that are on by default."""
        return cls(DEFAULT_RULES)

    @classmethod
    def of(cls, section: RedactionSection) -> Redactor:
        """The rules that the configuration wants.

        Raises:
            ConfigError: It names a rule that there is not, or gives one a name that is taken.
        """
        return cls(tuple(_wanted(section)) if section.enabled else ())

    @cached_property
    def within_a_key(self) -> Redactor | None:
        """Finds parts of a private key, too; None when such keys are left in. Counts as this one."""
        if not self._has_key_lines:
            return None
        made = Redactor((*self._rules, WITHIN_A_KEY))
        made.counts = self.counts
        return made

    def suspects(self, texts: Sequence[str]) -> set[int]:
        """A cheap look at many texts at once.

        Returns:
            The indices of those that hold a secret.
        """
        if not self._rules or not texts:
            return set()
        joined = "\n".join(texts)
        whole = joined.encode()
        is_ascii = len(whole) == len(joined)
        lengths = map(len, texts) if is_ascii else (len(text.encode()) for text in texts)
        ends = list(accumulate(length + 1 for length in lengths))
        likely = {(bisect_right(ends, place), rule) for rule, place in self._named(whole.lower())}
        likely.update((number, rule) for rule in self._always for number in range(len(texts)))
        found = set()
        for rule, place in self._formed(whole):
            number = bisect_right(ends, place)
            if not (is_ascii and self._rules[rule].first_digits):
                likely.add((number, rule))
            elif self._rules[rule].stands_at(joined, place):
                found.add(number)
        found |= self.key_lines(texts)
        found.update(number for number, rule in likely if self._rules[rule].finds(texts[number]))
        return found

    def key_lines(self, texts: Sequence[str]) -> set[int]:
        """The indices of those that are a line of a private key, which no hint tells of."""
        if not self._has_key_lines:
            return set()
        likely = [n for n, text in enumerate(texts) if len(text) in KEY_LINE_LENGTHS]
        return {number for number in likely if KEY_LINE(texts[number]) is not None}

    def redact(self, text: str) -> tuple[str, tuple[str, ...]]:
        """Gives the text without its secrets, and the names of the rules that found some."""
        if self._has_key_lines and _is_key_line(text):
            return REPLACEMENT, ("private_key",)
        found: list[str] = []
        whole = text.encode("utf-8", "replace")
        likely = {number for number, _ in chain(self._named(whole.lower()), self._formed(whole))}
        likely.update(self._always)
        for number in sorted(likely):
            rule = self._rules[number]
            text, count = rule.replace(text)
            if count:
                found.append(rule.name)
        return text, tuple(dict.fromkeys(found))

    def redact_fields(self, fields: Fields) -> Fields:
        """Gives the fields without secrets in names and values, at any depth."""
        return clean_fields(fields, lambda text: self.redact(text)[0], by_name=self._by_name)

    def _named(self, lower: bytes) -> Iterator[tuple[int, int]]:
        """Which rule, by its number, may match where in a lower-cased text: where hints begin."""
        for number, begin, end in self._hints.places(lower):
            rule = self._rules[number]
            if not rule.assigned or _is_assigned(lower[end : end + _ASSIGNED_WITHIN]):
                yield number, begin

    def _formed(self, text: bytes) -> Iterator[tuple[int, int]]:
        """The same for hints of digits."""
        if not self._forms:
            return
        for number, begin, _ in self._forms.places(text.translate(_FORMS)):
            first = self._rules[number].first_digits
            if not first or (
                chr(text[begin]) in first and (begin == 0 or text[begin - 1] not in _WITHIN)
            ):
                yield number, begin


class _Hints:
    """Pieces of text, each with the number of its rule."""

    def __init__(self, hints: Sequence[tuple[str, int]]) -> None:
        self._rule_of = [number for _, number in hints]
        self._automaton = BytesAhoCorasick([hint.encode() for hint, _ in hints])

    def __bool__(self) -> bool:
        return bool(self._rule_of)

    def places(self, text: bytes) -> Iterator[tuple[int, int, int]]:
        """Number of the rule, begin and end of each piece that is found."""
        for hint, begin, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            yield self._rule_of[hint], begin, end


def _is_key_line(text: str) -> bool:
    return len(text) in KEY_LINE_LENGTHS and KEY_LINE(text) is not None


def _is_form(hint: str) -> bool:
    """True for a hint in which each 0 is any digit."""
    return "0" in hint and set(hint) <= _FORM_SIGNS


def _is_assigned(behind: bytes) -> bool:
    return b"=" in behind or b":" in behind


@lru_cache(maxsize=8)
def _automaton(rules: tuple[Rule, ...]) -> bytes:
    cards = [rule for rule in rules if rule.hints == CARD_FORMS]
    return automaton(
        (
            (spelt, rule.assigned)
            for rule in rules
            if rule not in cards
            for hint in rule.hints
            for spelt in _spelt(hint)
        ),
        cards=[spelt for rule in cards for form in rule.hints for spelt in _spelt(form)],
        card_digits=[int(digit) for rule in cards for digit in rule.first_digits],
    )


def _spelt(hint: str) -> Iterator[str]:
    """A form with each of its hyphens as a hyphen or as a space; any other hint as it is."""
    if not _is_form(hint):
        yield hint
        return
    parts = hint.split("-")
    for between in product("- ", repeat=len(parts) - 1):
        yield "".join(map("".join, zip_longest(parts, between, fillvalue="")))


def _wanted(section: RedactionSection) -> Iterable[Rule]:
    known = {rule.name for rule in DEFAULT_RULES}
    unknown = next((name for name in section.without if name not in known), None)
    if unknown is not None:
        raise ConfigError(
            f"there is no rule {unknown}", where="redact: without",
            mend=f"there are {', '.join(sorted(known))}",
        )  # fmt: skip
    yield from (rule for rule in DEFAULT_RULES if rule.name not in section.without)
    yield from (rule for rule in OPTIONAL_RULES if rule.name in section.also)
    taken = known | {rule.name for rule in OPTIONAL_RULES}
    for own in section.rules:
        if own.name in taken:
            raise ConfigError(f"there is a rule {own.name} already", where="redact: rules")
        yield Rule(
            own.name, re.compile(own.pattern), keep_first=own.keep_first, keep_last=own.keep_last,
            window=_window(own.pattern),
        )  # fmt: skip


def _window(pattern: str) -> int:
    """How long a text may be for a pattern of one's own; 0: of any length.

    Raises:
        ConfigError: Some texts would take far too long.
    """
    try:
        growth = effort_of(read_expression(pattern), is_anchored=False).growth
    except SyntaxTrouble as trouble:
        raise ConfigError(f"{pattern!r}: {trouble}", where="redact: rules") from trouble
    if growth not in _SEARCHED_WITHIN:
        raise ConfigError(
            f"{pattern!r} could take {growth} steps on a text of n characters",
            where="redact: rules",
            mend=r"begin it with \b or a fixed text, and write `++` for `+` and `*+` for `*`",
        )
    return _SEARCHED_WITHIN[growth]
