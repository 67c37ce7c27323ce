"""Formats are data: every sample is parsed as its file says, and found by detection."""

from __future__ import annotations

from datetime import UTC
from importlib import resources

import orjson
import pytest

from logboom.config import FileInput
from logboom.errors import ConfigError
from logboom.fields import EVENT_FIELDS
from logboom.spellings import SPELLINGS
from shipper.events.normalise import Normaliser, SourceContext
from shipper.parsers.catalogue import NAMES_FILE, Format, Sample, load_catalogue, read_catalogue
from shipper.parsers.making import WITHOUT_DATA, format_names, format_parser, make_parser
from shipper.parsers.zones import ABBREVIATIONS

READ_NS = 1_791_700_000_000_000_000
READ_TEXT = "2026-10-11T06:26:40.000Z"
CATALOGUE = load_catalogue()
SAMPLES = [
    pytest.param(one, sample, id=f"{one.name}-{number}")
    for one in CATALOGUE.formats.values()
    for number, sample in enumerate(one.samples)
]
FOLDER = resources.files("mappings") / "formats"
TEXTS = {f.name: f.read_text(encoding="utf-8") for f in FOLDER.iterdir() if f.is_file()}


@pytest.mark.parametrize(("described", "sample"), SAMPLES)
def test_a_sample_is_parsed_as_its_file_says(described: Format, sample: Sample) -> None:
    parser = format_parser(described)
    for line in sample.before:
        header = parser.parse(line)
        assert header is not None
        assert header["tags"] == ["header"]
    assert parser.parse(sample.text) == sample.fields
    assert parser.name == described.name


@pytest.mark.parametrize(("described", "sample"), SAMPLES)
def test_detection_finds_a_format_by_its_sample(described: Format, sample: Sample) -> None:
    parser = make_parser(FileInput(path=["x"]))
    for line in sample.before:
        parser.parse(line)
    fields = parser.parse(sample.text)
    if described.is_detected:
        assert fields == sample.fields
        assert parser.name == described.name
    else:
        assert fields is None


@pytest.mark.parametrize(("described", "sample"), SAMPLES)
def test_what_a_sample_says_arrives_in_its_event(described: Format, sample: Sample) -> None:
    context = SourceContext(run="r", path="-", host="h", service="s", zone=UTC, fields={})
    value, timestamp = Normaliser(context, redactor=None).normalise(
        dict(sample.fields), sample.text, offset=0, read_ns=READ_NS, read_text=READ_TEXT
    )
    event = orjson.loads(value)
    assert not event["attributes"].keys() & EVENT_FIELDS.keys()
    has_time = any(SPELLINGS.get(name) == "@timestamp" for name in sample.fields)
    assert (timestamp != READ_TEXT) == has_time
    if has_time:
        assert timestamp[:10] in {"2026-10-10", "2026-10-01", "2026-10-03", READ_TEXT[:10]}


@pytest.mark.parametrize(
    "below", ["zmain.zrun()\n\t/zx/zmain.go:12 +0x1d", "    zat zcart\nzlast: line"]
)
@pytest.mark.parametrize(("described", "sample"), SAMPLES)
def test_no_word_below_a_sample_is_lost(described: Format, sample: Sample, below: str) -> None:
    context = SourceContext(run="r", path="-", host="h", service="s", zone=UTC, fields={})
    parser = format_parser(described)
    for line in sample.before:
        parser.parse(line)
    text = f"{sample.text}\n{below}"
    value, _ = Normaliser(context, redactor=None).normalise(
        parser.parse(text), text, offset=0, read_ns=READ_NS, read_text=READ_TEXT
    )
    assert [word for word in below.split() if word not in value.decode()] == []


@pytest.mark.parametrize("described", CATALOGUE.formats.values(), ids=lambda one: one.name)
def test_a_format_is_known_by_name(described: Format) -> None:
    parser = make_parser(FileInput(path=["x"], format=described.name))
    for sample in described.samples:
        if not sample.before:
            assert parser.parse(sample.text) == sample.fields
    for other in described.also:
        assert parser.parse(CATALOGUE.formats[other].samples[0].text) is not None
    assert parser.name == described.name


def test_all_names_are_there_once() -> None:
    names = format_names()
    assert len(set(names)) == len(names) == len(CATALOGUE.formats) + len(WITHOUT_DATA)


def test_a_format_with_too_few_samples_does_not_load() -> None:
    one = '[[format]]\nname="x"\nwhat="x"\npattern=["x"]\nsamples=[{text="x", fields={}}]\n'
    with pytest.raises(ConfigError, match="has 1 samples"):
        read_catalogue({NAMES_FILE: TEXTS[NAMES_FILE], "x.toml": one})


def test_a_misspelt_key_does_not_load() -> None:
    one = '[[format]]\nname="x"\nwhat="x"\npatern=["x"]\nsamples=[]\n'
    with pytest.raises(ConfigError, match="patern"):
        read_catalogue({NAMES_FILE: TEXTS[NAMES_FILE], "x.toml": one})


def test_a_piece_that_there_is_not_does_not_load() -> None:
    with pytest.raises(ConfigError, match="there is no piece"):
        CATALOGUE.names.expand(["%{NOTHING}"])


@pytest.mark.parametrize("zone", sorted(ABBREVIATIONS))
def test_each_abbreviation_of_a_zone_belongs_to_the_time(zone: str) -> None:
    fields = make_parser(FileInput(path=["x"])).parse(f"2026-10-10 13:55:36 {zone} loaded")
    assert fields == {"@timestamp": f"2026-10-10 13:55:36 {zone}", "message": "loaded"}
