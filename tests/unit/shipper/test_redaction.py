"""Secrets are found wherever they stand, and looking for them never takes long."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipper.redaction.redact import DEFAULT_RULES, REPLACEMENT, Redactor

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"
SECRETS = {
    'password="hunter22"': "password",
    '{"api_key":"abcdef123456"}': "password",
    "https://bob:hunter2@host/": "url_password",
    r'{"u":"https:\/\/bob:hunter2@h\/"}': "url_password",
    "Authorization: Bearer abcdefgh12345678": "authorization",
    f"seen: {JWT}": "jwt",
    '{"authorization":"Token 9944b09199c62bcf9418ad846dd0e4bb"}': "authorization",
    "GET /x?token=abcdef123456 HTTP/1.1": "token",
    "key AKIAIOSFODNN7EXAMPLE used": "aws_key",
    "ghp_" + "a1B2" * 9: "service_key",
    "card 4111 1111 1111 1111 charged": "card_number",
    "card 4111111111111111 charged": "card_number",
}
HARMLESS = [
    "token-bucket is full", "the secret of success", "https://host/path", "at 1795246020116 ms",
    "4111 1111 1111 1112", "basic facts", "password: null", "user=bob", "a://b@c",
]  # fmt: skip


@pytest.mark.parametrize(("text", "rule"), SECRETS.items())
def test_a_secret_is_replaced_and_its_rule_named(text: str, rule: str) -> None:
    redactor = Redactor.with_defaults()
    clean, found = redactor.redact(text)
    assert found == (rule,)
    assert REPLACEMENT in clean
    assert redactor.redact(clean) == (clean, ())


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Redactor.with_defaults().redact(text) == (text, ())


pieces = st.sampled_from([*SECRETS, *HARMLESS, "가나다 ", "İ", "\n", " ", "=", ":", "4", "eyJ"])


@given(st.lists(st.lists(pieces, max_size=4).map("".join), max_size=8))
def test_a_text_that_is_no_suspect_holds_no_secret(texts: list[str]) -> None:
    redactor = Redactor.with_defaults()
    suspects = redactor.suspects(texts)
    for number, text in enumerate(texts):
        if number not in suspects:
            assert redactor.redact(text) == (text, ())


class _Counting:
    """A pattern that counts how often it is searched for in each text."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.pattern = pattern
        self.searches: Counter[str] = Counter()

    def search(self, text: str) -> Any:
        self.searches[text] += 1
        return self.pattern.search(text)


def test_each_text_is_searched_once_for_each_rule_however_many_hints_it_has() -> None:
    counting = [_Counting(rule.pattern) for rule in DEFAULT_RULES]
    rules = [
        replace(rule, pattern=cast("re.Pattern[str]", pattern))
        for rule, pattern in zip(DEFAULT_RULES, counting, strict=True)
    ]
    texts = ["http://a.example/x " * 500, "secret: null, " * 500, "a.eyJ-" * 500, "Bearer x " * 500]
    assert Redactor(rules).suspects(texts) == set()
    searched = [count for pattern in counting for count in pattern.searches.values()]
    assert len(searched) >= 4
    assert set(searched) == {1}
