"""Which parts of a text are secrets? They are replaced before anything is sent or kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

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

    def may_match(self, lower: str) -> bool:
        """A cheap look at the lower-cased text."""
        for hint in self.hints:
            place = lower.find(hint)
            while place >= 0:
                if not self.assigned:
                    return True
                behind = lower[place + len(hint) : place + len(hint) + _ASSIGNED_WITHIN]
                if "=" in behind or ":" in behind:
                    return True
                place = lower.find(hint, place + 1)
        return False


_ASSIGNED_WITHIN = 12
_CARD_HINT = re.compile(r"[3-6](?<![\w.-].)\d{3}[ -]?\d{4}[ -]?\d{4}[ -]?\d{1,7}(?![\w.-])")

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
        re.compile(r"(?P<keep>://[^/\s:@\"]{1,64}:)[^/\s@\"]{1,128}(?=@)"),
        ("://",),
    ),
    Rule(
        "authorization",
        re.compile(r"(?i)(?P<keep>\b(?:bearer|basic)\s{1,3})[A-Za-z0-9._~+/=-]{8,4096}"),
        ("bearer", "basic "),
    ),
    Rule(
        "jwt",
        re.compile(r"\beyJ[A-Za-z0-9_-]{8,2048}\.eyJ[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{8,1024}"),
        ("eyj",),
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

    @classmethod
    def with_defaults(cls) -> Redactor:
        """The rules that are always on."""
        return cls(DEFAULT_RULES)

    def may_be_needed(self, text: str) -> bool:
        """A cheap look at many events at once; False when there can be no secret in any of them."""
        lower = text.lower()
        likely = any(hint in lower for rule in self._rules for hint in rule.hints)
        return likely or _CARD_HINT.search(text) is not None

    def redact(self, text: str) -> tuple[str, tuple[str, ...]]:
        """Gives the text without its secrets, and the names of the rules that found some."""
        lower = text.lower()
        likely = [rule for rule in self._rules if rule.may_match(lower)]
        cards = _CARD_HINT.search(text) is not None
        found: list[str] = []
        for rule in likely:
            text, count = rule.pattern.subn(_replaced, text)
            if count:
                found.append(rule.name)
        if cards:
            redacted = _CARD_HINT.sub(_card, text)
            if redacted != text:
                text = redacted
                found.append("card_number")
        return text, tuple(found)


def _replaced(match: re.Match[str]) -> str:
    return match.groupdict().get("keep", "") + REPLACEMENT


def _card(match: re.Match[str]) -> str:
    digits = [int(sign) for sign in match[0] if sign.isdigit()]
    if not 13 <= len(digits) <= 19:
        return match[0]
    doubled = [
        d if n % 2 == 0 else (2 * d - 9 if d > 4 else 2 * d) for n, d in enumerate(digits[::-1])
    ]
    return REPLACEMENT if sum(doubled) % 10 == 0 else match[0]
