"""Rules drop what they name, count it, and change only what they may; a replay sends the same."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logboom.config import Config, FileInput, from_mapping
from logboom.config.rules import RuleSection
from logboom.errors import ConfigError
from logboom.event import IndexDays, source_run
from shipper.batches import Batch
from shipper.events.assembly import Assembled, Assembler
from shipper.events.treatment import Treatment
from shipper.reading.sources import Source, Tally
from shipper.registry.registry import Registry, SourceRecord
from shipper.rules import Rules

READ_NS = 1_795_246_020_116_000_000
LEVELS = ("debug", "info", "warn", "error")
BUFFER = b"".join(
    orjson.dumps(
        {"time": "2026-11-21T06:24:28Z", "level": LEVELS[number % 4], "msg": f"step {number}", "n": number}
    ) + b"\n"
    for number in range(80)
)  # fmt: skip


def config(*rules: dict[str, Any], own: tuple[dict[str, Any], ...] = ()) -> Config:
    return from_mapping(
        {"inputs": [{"kind": "file", "path": ["x"], "rules": own}], "rules": rules}, origin="t"
    )


def assembler(*rules: dict[str, Any], own: tuple[dict[str, Any], ...] = ()) -> Assembler:
    checked = config(*rules, own=own)
    (section,) = checked.inputs
    assert isinstance(section, FileInput)
    return Assembler(
        section, source="s", run=source_run("s", 0), epoch=0, path="/var/log/app.log",
        max_event_bytes=9000, days=IndexDays(timedelta(days=90)), treatment=Treatment.of(checked),
    )  # fmt: skip


def assemble(*rules: dict[str, Any], buffer: bytes = BUFFER, **others: Any) -> Assembled:
    made = assembler(*rules, **others).assemble(buffer, offset=0, read_ns=READ_NS, ended=True)
    assert made.segment is not None
    assert made.consumed == len(buffer)
    return made


def events(made: Assembled) -> list[dict[str, Any]]:
    return [orjson.loads(message.value) for message in made.messages]


def event(*rules: dict[str, Any], **line: object) -> dict[str, Any]:
    (only,) = events(assemble(*rules, buffer=json.dumps(line).encode() + b"\n"))
    return only


def test_dropped_events_are_not_sent_and_their_lines_are_counted_by_rule() -> None:
    made = assemble({"drop": "level:debug"}, {"drop": "n:>=70", "name": "late"})
    assert [e["attributes"]["n"] for e in events(made)] == [n for n in range(70) if n % 4]
    segment = made.segment
    assert segment is not None
    assert segment.dropped == {"drop level:debug": 20, "late": 8}
    assert segment.lines == len(segment.starts) == len(segment.timestamps) == 52
    assert segment.lines_in_all == 80
    assert sum(segment.days.values()) == 52


def test_kept_are_those_that_match() -> None:
    made = assemble({"keep": "level:(warn OR error)"})
    assert {e["log"]["level"] for e in events(made)} == {"warn", "error"}
    assert made.segment is not None
    assert made.segment.dropped == {"keep level:(warn OR error)": 40}


def test_a_sample_is_the_same_whenever_it_is_taken() -> None:
    buffer = BUFFER * 20
    rule = {"sample": {"rate": 0.25, "where": "level:info"}}
    first, again = assemble(rule, buffer=buffer), assemble(rule, buffer=buffer)
    assert first.messages == again.messages
    levels = [e["log"]["level"] for e in events(first)]
    assert levels.count("error") == 400
    assert 60 < levels.count("info") < 140


def test_all_or_none_can_be_sampled() -> None:
    assert len(assemble({"sample": {"rate": 1}}).messages) == 80
    assert len(assemble({"sample": {"rate": 0}}).messages) == 0


def test_an_inputs_own_rules_come_first_and_order_counts() -> None:
    made = assemble(
        {"drop": "attributes.kind:noise"}, own=({"set": {"kind": "noise"}, "where": "level:info"},)
    )
    assert len(made.messages) == 60
    made = assemble({"drop": "attributes.kind:noise"}, {"set": {"kind": "noise"}})
    assert len(made.messages) == 80


def test_fields_are_renamed_removed_and_set() -> None:
    made = event(
        {"rename": {"verbosity": "level", "req.id": "request_id"}},
        {"remove": ["secretary", "thread"]},
        {"set": {"team": "core", "service.name": "shop"}, "where": "level:error"},
        verbosity="ERROR", req={"id": 7}, secretary="x", thread="main", msg="m", time=READ_NS,
    )  # fmt: skip
    assert made["log"]["level"] == "error"
    assert made["attributes"] == {"request_id": 7, "team": "core"}
    assert "process" not in made
    assert made["service"] == {"name": "shop"}
    assert list(made["event"])[-2:] == ["id", "created"]


def test_a_value_that_does_not_fit_its_new_name_stays() -> None:
    assert event({"rename": {"state": "status"}}, state="ok")["attributes"] == {"state": "ok"}
    assert event({"rename": {"peer": "ip"}}, peer="web-1")["attributes"] == {"peer": "web-1"}
    assert event({"rename": {"peer": "ip"}}, peer="10.0.0.1")["client"] == {"ip": "10.0.0.1"}


WRONG = {
    "two actions": {"drop": "a:b", "keep": "c:d"},
    "none": {"name": "x"},
    "no query": {"drop": "level:(debug"},
    "an empty query": {"drop": " "},
    "a query about the present": {"drop": "@timestamp:>now-1h"},
    "where that has no place": {"drop": "a:b", "where": "c:d"},
    "a rate above 1": {"sample": {"rate": 2}},
}


@pytest.mark.parametrize("rule", WRONG.values(), ids=WRONG)
def test_a_rule_that_makes_no_sense_is_refused_when_it_is_read(rule: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        config(rule)


NOT_ALLOWED: tuple[dict[str, Any], ...] = (
    {"set": {"@timestamp": "2026-11-21"}}, {"remove": ["event.id"]}, {"remove": ["message"]},
    {"rename": {"log.offset": "x"}}, {"set": {"status": "teapot"}}, {"set": {"ip": "web"}},
)  # fmt: skip


@pytest.mark.parametrize("rule", NOT_ALLOWED, ids=str)
def test_what_the_ledger_rests_on_is_out_of_bounds(rule: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        assembler(rule)


def test_what_was_planned_is_sent_again_even_if_the_rules_have_changed(tmp_path: Path) -> None:
    first = assemble({"drop": "level:debug"}, {"set": {"team": "core"}})
    assert first.segment is not None
    registry = Registry(tmp_path / "registry.db")
    batch = Batch(1, [first.segment], first.messages, first.size_bytes)
    registry.advance(planned=[batch], acked=[])
    ((_, (segment,)),) = registry.planned()
    registry.close()
    assert segment.dropped == {"drop level:debug": 20}
    again = assembler({"drop": "*"}, {"set": {"team": "core"}}).assemble_again(segment, BUFFER)
    assert [orjson.loads(m.value) for m in again] == events(first)


def test_the_registry_and_the_tally_remember_what_was_dropped(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "registry.db")
    registry.put([SourceRecord("s", "/a", "/a", 1, 1, 0, 0, b"", b"", 0)])
    for number, rules in enumerate((({"drop": "level:debug"},), ({"drop": "*"},)), 1):
        made = assemble(*rules)
        assert made.segment is not None
        batch = Batch(number, [made.segment], made.messages, made.size_bytes)
        registry.advance(planned=[batch], acked=[])
        registry.advance(planned=[], acked=[batch])
    (record,) = registry.sources()
    registry.close()
    assert record.dropped == {"drop level:debug": 20, "drop *": 80}
    assert (record.lines_acked, Tally.of(record).lines_read) == (60, 160)


def test_the_status_of_a_source_accounts_for_every_line() -> None:
    record = SourceRecord("s", "/a", "/a", 1, 1, 0, 0, b"", b"", 0)
    source = Source(record, FileInput(path=["x"]), lambda *_: assembler({"drop": "level:debug"}))
    made = source.take(BUFFER, read_ns=READ_NS)
    assert made.segment is not None
    for settle in (False, True):
        if settle:
            source.settle(made.segment)
        told = source.status(shipper="x", at_ns=0)
        sent = told.lines_acked + told.lines_empty + told.lines_dead + told.lines_pending
        assert told.lines_read == sent + told.lines_dropped == 80
    assert told.dropped == {"drop level:debug": told.lines_dropped}


FIELDS = st.sampled_from(
    ["level", "message", "a", "a.b", "tags", "host.name", "attributes.a", "duration"]
)
VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.text(max_size=3), max_size=2)  # fmt: skip


@settings(max_examples=40)  # each makes assemblers
@given(
    FIELDS,
    FIELDS,
    st.dictionaries(
        st.sampled_from(["a", "b", "msg", "x.y"]),
        VALUES | st.dictionaries(st.text(max_size=2), VALUES, max_size=2),
    ),
)
def test_no_rename_breaks_an_event(old: str, new: str, line: dict[str, Any]) -> None:
    if old == "message":
        return
    made = event({"rename": {old: new}}, {"remove": [new] if new != "message" else ["b"]}, **line)
    assert isinstance(made["message"], str)
    assert isinstance(made["attributes"], dict)
    assert made["event"]["id"] == assembler().run + "000000000"


def test_without_rules_nothing_is_looked_at() -> None:
    assert not Rules([])
    assert Rules([RuleSection(drop="a")])
