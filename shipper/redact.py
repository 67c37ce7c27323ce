"""Which parts of a text are secrets? They are replaced before anything is sent or kept."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, product

from ahocorasick_rs import BytesAhoCorasick

from shipper.hints import automaton

REPLACEMENT = "[redacted]"


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of secret.

    Attributes:
        name: Goes into the tag ``redacted:<name>``.
        pattern: What is replaced; with a group `keep`, that part stays in front.
        hints: Lower-case pieces of which each match contains one: a cheap look before the pattern.
        assigned: True when a match has `=` or `:` soon after the hint.
    """

    name: str
    pattern: re.Pattern[str]
    hints: tuple[str, ...]
    assigned: bool = False

    def is_likely(self, lower: bytes, end: int) -> bool:
        """A cheap look at what follows a hint that ends here in a lower-cased text."""
        if not self.assigned:
            return True
        behind = lower[end : end + _ASSIGNED_WITHIN]
        return b"=" in behind or b":" in behind


_ASSIGNED_WITHIN = 12
_CARD = re.compile(r"[3-6](?<![\w.-].)\d{3}[ -]?\d{4}[ -]?\d{4}[ -]?\d{1,7}(?![\w.-])")
_DIGITS = bytes.maketrans(b"123456789 ", b"000000000-")
_CARD_FORMS = BytesAhoCorasick(
    [b"0000%b0000%b0000%b0" % between for between in product((b"", b"-"), repeat=3)]
)
"""What card numbers look like when each digit is a 0 and each space a hyphen."""

DEFAULT_RULES: tuple[Rule, ...] = (
    Rule(
        "private_key",
        re.compile(
            r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]*(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?"
        ),
        ("private key",),
    ),
    Rule(
        "password",
        re.compile(
            r"(?i)(?P<keep>(?:passw(?:or)?d|pwd|passphrase|secret|client_secret|api[_-]?key|access[_-]?token|refresh[_-]?token|auth[_-]?token)"
            r"\\?[\"']?\s{0,3}[=:]\s{0,3}(?:\\?[\"'])?)(?!\[redacted\]|null\b|None\b|true\b|false\b|\*{3})[^\s\"'\\,;&}\])]{1,256}"
        ),
        ("passw", "pwd", "passphrase", "secret", "token", "api_key", "apikey", "api-key"),
        assigned=True,
    ),
    Rule(
        "url_password",
        re.compile(
            r"(?P<keep>:(?:\\?/){2}[^/\s:@\"\\]{1,64}:)(?!\[redacted\]@)[^/\s@\"\\]{1,128}(?=@)"
        ),
        ("://", r":\/\/"),
    ),
    Rule(
        "authorization",
        re.compile(
            r"(?i)(?P<keep>\b(?:bearer|basic)\s{1,3})[A-Za-z0-9._~+/=-]{8,4096}"
            r"|(?P<keep_too>\b(?:token|apikey)\s{1,3})(?=[a-z._~+/=-]{0,64}\d)[A-Za-z0-9._~+/=-]{16,4096}"
        ),
        ("bearer", "basic ", "token ", "apikey "),
    ),
    Rule(
        "token",
        re.compile(
            r"(?i)(?P<keep>(?<![\w-])token\\?[\"']?\s{0,3}[=:]\s{0,3}(?:\\?[\"'])?)(?!\[redacted\])"
            r"(?=[a-z._~+/=-]{0,64}\d)[A-Za-z0-9._~+/=-]{8,4096}"
        ),
        ("token",),
        assigned=True,
    ),
    Rule(
        "jwt",
        re.compile(
            r"\beyJ[A-Za-z0-9_-]{8,2048}+\.eyJ[A-Za-z0-9_-]{8,8192}+\.[A-Za-z0-9_-]{8,1024}"
        ),
        (".eyj",),
    ),
    Rule(
        "aws_key",
        re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
        ("akia", "asia"),
    ),
    Rule(
        "service_key",
        re.compile(
            r"\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|xox[abpr]-[A-Za-z0-9-]{10,255}|sk_live_[A-Za-z0-9]{16,255}|AIza[A-Za-z0-9_-]{35})"
        ),
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "xox", "sk_live", "aiza"),
    ),
)


class Redactor:
    """Replaces secrets in a text.

    Args:
        rules: Tried in order on texts that look as if they might hold a secret.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        hints = [(hint, number) for number, rule in enumerate(rules) for hint in rule.hints]
        self._rule_of = [number for _, number in hints]
        self._hints = BytesAhoCorasick([hint.encode() for hint, _ in hints])

    @property
    def automaton(self) -> bytes:
        """Finds every text that `suspects` finds, and some more: for the compiled part."""
        return _automaton(tuple(self._rules))

    @classmethod
    def with_defaults(cls) -> Redactor:
        """The rules that are always on."""
        return cls(DEFAULT_RULES)

    def suspects(self, texts: Sequence[str]) -> set[int]:
        """A cheap look at many texts at once.

        Returns:
            The indices of those that may hold a secret; all others hold none.
        """
        whole = "\n".join(texts).encode()
        lengths = map(len, texts) if whole.isascii() else (len(text.encode()) for text in texts)
        ends = list(accumulate(length + 1 for length in lengths))
        likely = {(bisect_right(ends, place), rule) for rule, place in self._places(whole.lower())}
        found = {
            number
            for number, rule in likely
            if self._rules[rule].pattern.search(texts[number]) is not None
        }
        found.update(bisect_right(ends, place) for place in _card_places(whole))
        return found

    def redact(self, text: str) -> tuple[str, tuple[str, ...]]:
        """Gives the text without its secrets, and the names of the rules that found some."""
        found: list[str] = []
        likely = {number for number, _ in self._places(text.encode().lower())}
        for number, rule in enumerate(self._rules):
            if number in likely:
                text, count = rule.pattern.subn(_replaced, text)
                if count:
                    found.append(rule.name)
        redacted = _CARD.sub(_card, text)
        if redacted != text:
            found.append("card_number")
        return redacted, tuple(found)

    def _places(self, lower: bytes) -> Iterator[tuple[int, int]]:
        """Which rule, by its number, may match where in a lower-cased text: where hints begin."""
        for hint, begin, end in self._hints.find_matches_as_indexes(lower, overlapping=True):
            number = self._rule_of[hint]
            if self._rules[number].is_likely(lower, end):
                yield number, begin


@lru_cache(maxsize=8)
def _automaton(rules: tuple[Rule, ...]) -> bytes:
    return automaton((hint, rule.assigned) for rule in rules for hint in rule.hints)


def _card_places(text: bytes) -> Iterator[int]:
    """Where a card number may begin in a text in UTF-8."""
    digits = text.translate(_DIGITS)
    for _, place, _ in _CARD_FORMS.find_matches_as_indexes(digits, overlapping=True):
        if text[place] in b"3456":
            yield place


def _replaced(match: re.Match[str]) -> str:
    kept = match.groupdict()
    return (kept.get("keep") or kept.get("keep_too") or "") + REPLACEMENT


def _card(match: re.Match[str]) -> str:
    digits = [int(sign) for sign in match[0] if sign.isdigit()]
    if not 13 <= len(digits) <= 19:
        return match[0]
    doubled = [
        d if n % 2 == 0 else (2 * d - 9 if d > 4 else 2 * d) for n, d in enumerate(digits[::-1])
    ]
    return REPLACEMENT if sum(doubled) % 10 == 0 else match[0]
