"""What differs from one message to the next is left out, and nothing else."""

from __future__ import annotations

import time

import pytest

from logboom.patterns import masked


@pytest.mark.parametrize(
    ("text", "mask"),
    [
        ("cannot load cart 991 of user 'bob'", "cannot load cart <number> of user <quoted>"),
        ("no route to 10.0.0.3:80, or 192.168.1.1", "no route to <ip>, or <ip>"),
        ("from fe80::1 and 2001:db8:0:0:0:0:0:7", "from <ip> and <ip>"),
        ("id 5adbf299-abd7-dec0-6f57-797f684a8d4f is gone", "id <id> is gone"),
        ("open /etc/a.conf, C:\\x\\y.txt and ./z failed", "open <path>, <path> and <path> failed"),
        ("GET https://a.example/b?c=1 failed", "GET <url> failed"),
        ("mail to bob.b@mail.example.com bounced", "mail to <mail> bounced"),
        ("late since 2026-11-21T07:00:00.5Z", "late since <time>"),
        ("late since Nov 21 07:00:01 or 12:30:01", "late since <time> or <time>"),
        (
            "pointer 0x7ffe, commit aabbcc00112, Object@1a2b3c",
            "pointer <hex>, commit <hex>, Object<hex>",
        ),
        ("session abcDEF123456ghiJKL789xyz ok", "session <token> ok"),
        ("took 5.5s, 12%, -7 and 1,234.5 ms", "took <number>s, <number>, <number> and <number> ms"),
        ("worker-7 failed in shard12", "worker-<number> failed in shard<number>"),
        ("a  b\t c ", "a b c"),
        ("", ""),
    ],
)
def test_values_are_named_by_what_they_are(text: str, mask: str) -> None:
    assert masked(text) == mask


@pytest.mark.parametrize(
    "text",
    ["can't open user's file", "Foo::bar of std::vector", "a:b:c", "the decade of facade and bead",
     "well-known and/or new", "read-only, e.g. now", "über größe", "May I come in", "x.y.z is null"],
)  # fmt: skip
def test_words_stay(text: str) -> None:
    assert masked(text) == text


@pytest.mark.parametrize(
    "unit",
    ["a ", "ab, ", "a.", "1.", "::", "/a", "'", '"x ', "aa-", "A1", "a@", "Nov 21 ", "0:", "\\"],
)
def test_no_text_takes_long(unit: str) -> None:
    begun = time.process_time()
    masked(unit * 10_000)
    assert time.process_time() - begun < 1, "a usual text takes less than 0.1 ms"
