"""docs/events.md says of every field and tag what the code says, and nothing else."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from logboom.bounds import MAX_KEYS, MAX_TEXT
from logboom.clock import SystemClock
from logboom.config import FileInput, from_mapping
from logboom.event import TIME_OUT_OF_RANGE, event_id
from logboom.fields import ATTRIBUTES, EVENT_FIELDS, LEVELS
from logboom.store.elastic.reducing import REDUCED
from processor.preparing import FOREIGN
from processor.tagging import ERROR_TAG, REASONS
from shipper.events.faults import FAULT
from shipper.redaction.redact import DEFAULT_RULES, OPTIONAL_RULES, REPLACEMENT
from shipper.trying import try_events

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")


def _table(heading: str) -> list[list[str]]:
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line[:1] == "|"]
    return rows[2:]


FIELDS = {row[0].strip("`"): row[1:] for row in _table("Fields")}
TAGS = {row[0].strip("`"): row[1:] for row in _table("Tags")}


def _events(text: bytes, *, also: Sequence[str] = (), **settings: Any) -> list[dict[str, Any]]:
    section = {"kind": "file", "path": ["/var/log/checkout.log"], **settings}
    config = from_mapping(
        {"inputs": [section], "shipper": {"max_event_bytes": 1024}, "redact": {"also": also}},
        origin="the test",
    )
    (checked,) = config.inputs
    assert isinstance(checked, FileInput)
    tried = try_events(
        checked, config, path="/var/log/checkout.log", pieces=[text], clock=SystemClock()
    )
    return [orjson.loads(event.value) for event in tried]


def _leaves(value: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for name, part in value.items():
        if isinstance(part, dict) and prefix + name != ATTRIBUTES:
            yield from _leaves(part, f"{prefix}{name}.")
        else:
            yield prefix + name


def test_every_field_is_documented_with_its_type_and_no_other() -> None:
    assert {name: row[0] for name, row in FIELDS.items()} == {
        name: kind.value for name, kind in EVENT_FIELDS.items()
    }
    assert len(_table("Fields")) == len(FIELDS)
    for _, set_by, meaning in FIELDS.values():
        assert set_by in {
            "application", "shipper", "shipper, if missing", "processor", "processor, for errors",
        }  # fmt: skip
        assert meaning.endswith(".")


def test_every_type_in_use_is_explained() -> None:
    assert {row[0] for row in _table("Types")} == {kind.value for kind in EVENT_FIELDS.values()}


def test_the_shipper_always_sets_what_the_page_says() -> None:
    (event,) = _events(b"nothing but words\n")
    always = {name for name, row in FIELDS.items() if row[1].startswith("shipper")}
    assert set(_leaves(event)) == always | {ATTRIBUTES}


def test_an_application_decides_on_what_the_page_says() -> None:
    ours = [name for name, row in FIELDS.items() if row[1] == "shipper"]
    theirs = ["service.name", "host.name", "message"]
    assert all(FIELDS[name][1] == "shipper, if missing" for name in theirs)
    (event,) = _events(json.dumps(dict.fromkeys([*ours, *theirs], "mine")).encode() + b"\n")
    for name in theirs:
        assert _at(event, name) == "mine"
    for name in ours:
        assert _at(event, name) != "mine"


def _at(event: dict[str, Any], name: str) -> object:
    value: Any = event
    for part in name.split("."):
        value = value[part]
    return value


def test_the_sample_is_an_event() -> None:
    sample = json.loads(PAGE.partition("```json\n")[2].partition("```")[0])
    assert set(_leaves(sample)) <= {*EVENT_FIELDS, ATTRIBUTES}
    assert sample["event"]["id"] == event_id(sample["log"]["source"], sample["log"]["offset"])
    assert set(sample["tags"]) <= set(TAGS)


def test_levels_bounds_and_reasons_are_those_of_the_code() -> None:
    assert f"One of {', '.join(LEVELS)};" in FIELDS["log.level"][2]
    assert f"beyond {MAX_KEYS:,} are" in PAGE
    assert f"more than {MAX_KEYS:,} names" in PAGE
    assert f"{MAX_TEXT:,} characters" in PAGE
    assert f"`{REPLACEMENT}`" in PAGE
    assert [row[0].strip("`") for row in _table("What makes an error")] == [
        "rule:NAME", *REASONS,
    ]  # fmt: skip


SAMPLES: dict[str, tuple[bytes, dict[str, Any]]] = {
    "multiline": (b"ValueError: x\n\tat a.B.c(B.java:1)\n\tat a.B.d(B.java:2)\n", {}),
    "parse_failed": (b"no json\n", {"format": "json"}),
    "duplicate_keys": (b'{"message":"m","k":1,"k":2}\n', {}),
    "many_keys": (b'{"message":"m"}\n', {"fields": {f"k{n}": n for n in range(300)}}),
    "grok_timeout": (
        b"a" * 60 + b"!\n",
        {"format": "grok", "patterns": ["^(a+)+$"], "pattern_budget_ms": 20},
    ),
    "truncated": (b"x" * 3000 + b"\n", {}),
    "unterminated": (b"no end", {}),
    "invalid_encoding": (b"caf\xe9 ol\xe9\n", {}),
    "nul_bytes": (b"a\0\0\0\0b\n", {}),
    "time_ambiguous": (b"2026-10-25 02:30:00 ERROR x\n", {"zone": "Europe/Berlin"}),
    "header": (b"time,level,message\n", {"format": "csv"}),
    "redacted:private_key": (b"-----BEGIN PRIVATE KEY-----MIIE-----END PRIVATE KEY-----\n", {}),
    "redacted:password": (b"login password=hunter2\n", {}),
    "redacted:url_password": (b"at postgres://shop:hunter2@db/cart\n", {}),
    "redacted:authorization": (b"sent Bearer abcdefgh12345678\n", {}),
    "redacted:jwt": (b"got eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl\n", {}),
    "redacted:aws_key": (b"used AKIAIOSFODNN7EXAMPLE\n", {}),
    "redacted:token": (b"asked for /x?token=abcdef123456\n", {}),
    "redacted:service_key": (b"used ghp_" + b"a" * 36 + b"\n", {}),
    "redacted:azure_key": (b"used abc8Q~" + b"a" * 34 + b"\n", {}),
    "redacted:email": (b"mail to ada@example.org\n", {"also": ["email"]}),
    "redacted:ip_address": (b"from 10.1.2.3\n", {"also": ["ip_address"]}),
    "redacted:resident_number": (b"of 900101-1234568\n", {"also": ["resident_number"]}),
    "redacted:card_number": (b"paid with 4111 1111 1111 1111\n", {}),
}


@pytest.mark.parametrize("tag", SAMPLES)
def test_the_shipper_sets_its_tags(tag: str) -> None:
    text, settings = SAMPLES[tag]
    tags = {name for event in _events(text, **settings) for name in event.get("tags", ())}
    assert tag in tags
    assert tags <= set(TAGS)
    assert TAGS[tag][0] == "shipper"


def test_every_tag_is_documented_and_no_other() -> None:
    by_processor = {ERROR_TAG, FOREIGN, REDUCED, TIME_OUT_OF_RANGE}
    assert {tag for tag, row in TAGS.items() if row[0] == "processor"} == by_processor
    by_faults_alone = {FAULT}  # tests/unit/shipper/test_faults.py has samples
    assert set(TAGS) == by_processor | set(SAMPLES) | by_faults_alone
    assert {f"redacted:{rule.name}" for rule in (*DEFAULT_RULES, *OPTIONAL_RULES)} <= set(TAGS)


def test_every_constant_that_is_used_as_a_tag_is_documented() -> None:
    """A new tag is a constant beside the word `tag`, `tags` or `marks`."""
    sources = [
        path.read_text(encoding="utf-8")
        for room in ("logboom", "shipper", "processor")
        for path in (ROOT / room).rglob("*.py")
    ]
    constants = dict(pair for source in sources for pair in _text_constants(source))
    used = {
        constants[name]
        for source in sources
        for line in source.splitlines()
        if re.search(r"\b\w*(tags?|marks)\b", line)
        for name in re.findall(r"\b[A-Z][A-Z_]{2,}\b", line)
        if name in constants
    }
    plain = {tag for tag in TAGS if ":" not in tag}
    assert used - {"tags"} <= plain
    assert used >= {"parse_failed", "truncated", "multiline", "foreign"}


def _text_constants(source: str) -> Iterator[tuple[str, str]]:
    for node in ast.parse(source).body:
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            yield node.targets[0].id, node.value.value
