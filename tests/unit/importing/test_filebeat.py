"""A filebeat.yml becomes a configuration that loads, and says of the rest on which line it was."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from logboom.config import Config, FileInput, KafkaSection, read_config
from logboom.errors import ConfigError
from logboom.importing import as_yaml, import_filebeat
from shipper.parsers.making import make_parser

_NAMES = [
    "type", "paths", "exclude_files", "exclude_lines", "multiline", "multiline.pattern", "fields",
    "parsers", "json", "encoding", "tags", "ignore_older", "processors", "host", "protocol.udp.host",
    "containers.ids", "when", "equals", "or", "not", "has_fields", "range", "drop_event", "rename",
    "drop_fields", "add_fields", "dissect", "from", "hosts", "ssl", "sasl.mechanism", "index",
]  # fmt: skip
_TOP = [
    "filebeat.inputs", "filebeat", "processors", "fields", "tags", "name", "logging.level",
    "output.kafka", "output.elasticsearch", "output.kafka.hosts", "output", "setup", "mystery",
]  # fmt: skip
ENVIRONMENT = {
    "LOGBOOM_KAFKA_PASSWORD": "k",
    "LOGBOOM_STORE_PASSWORD": "s",
    "ES_KEY": "e",
    "D": "d",
}


def translated(text: str) -> tuple[dict[str, Any], list[str]]:
    translation = import_filebeat(text, origin="filebeat.yml")
    return dict(translation.settings), [f"{note.line}: {note.text}" for note in translation.notes]


def first_input(body: str) -> tuple[dict[str, Any], list[str]]:
    lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
    settings, notes = translated(f"filebeat.inputs:\n  -\n{lines}\n")
    return settings["inputs"][0], notes


def loaded(text: str, folder: Path) -> Config:
    path = folder / "logboom.yaml"
    path.write_text(as_yaml(import_filebeat(text, origin="x"), origin="x"), encoding="utf-8")
    return read_config(path, ENVIRONMENT)


@pytest.mark.parametrize(
    ("body", "section"),
    [
        ("type: log\npaths: [/a/*.log]", {"path": ["/a/*.log"]}),
        ("type: filestream\npaths: ['${D:/x}/a']", {"path": ["${D:-/x}/a"]}),
        (
            "paths: [/a]\nexclude_files: ['\\.gz$', '^/var/old.*']",
            {"path": ["/a"], "exclude": ["*.gz", "/var/old*"]},
        ),
        ("paths: [/a]\nignore_older: 48h", {"path": ["/a"], "start": "48h"}),
        ("paths: [/a]\ntail_files: true", {"path": ["/a"], "start": "end"}),
        ("paths: [/a]\nencoding: iso8859-1", {"path": ["/a"], "encoding": "latin-1"}),
        ("paths: [/a]\njson.keys_under_root: true", {"path": ["/a"], "format": "json"}),
        ("type: container\npaths: [/c/*.log]", {"path": ["/c/*.log"]}),
        (
            "type: docker\ncontainers.ids: ['*']",
            {"path": ["/var/lib/docker/containers/*/*.log"]},
        ),
        ("type: stdin", {"stdin": True}),
        (
            "type: syslog\nprotocol.tcp:\n  host: 'localhost:9000'",
            {"syslog": "localhost:9000", "transport": ["tcp"]},
        ),
        (
            "type: udp\nhost: '127.0.0.1:5'",
            {"syslog": "127.0.0.1:5", "transport": ["udp"], "format": "plain"},
        ),
        ("paths: [/a]\nexclude_lines: ['^DBG']", {"path": ["/a"], "rules": [{"drop": "level:debug"}]}),
        (
            "paths: [/a]\ninclude_lines: ['ERROR', '^WARN']",
            {"path": ["/a"], "rules": [{"keep": "level:error OR level:warn"}]},
        ),
        ("paths: [/a]\nfields: {env: p}\nfields_under_root: true", {"path": ["/a"], "fields": {"env": "p"}}),
        ("paths: [/a]\nfields.service: shop\ntags: [t]", {
            "path": ["/a"], "service": "shop", "fields": {"tags": ["t"]},
        }),
    ],
)  # fmt: skip
def test_inputs(body: str, section: dict[str, Any], tmp_path: Path) -> None:
    found, _ = first_input(body)
    assert found == section
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    assert len(loaded(f"filebeat.inputs:\n  -\n{lines}\n", tmp_path).inputs) == 1


@pytest.mark.parametrize("form", ["multiline:\n  {}", "parsers:\n  - multiline:\n      {}"])
def test_multiline_of_both_kinds_of_input(form: str) -> None:
    keys = ["pattern: '^\\d{4}-'", "negate: true", "match: after", "timeout: 3s", "max_lines: 9"]
    indent = form.index("{}") - form.rindex("\n") - 1
    found, _ = first_input("paths: [/a]\n" + form.format(f"\n{' ' * indent}".join(keys)))
    assert found["multiline"] == {
        "pattern": "^\\d{4}-", "negate": True, "match": "after", "max_lines": 9, "timeout_s": 3.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "note"),
    [
        ("paths: [/a]\ninclude_lines: ['payment failed']", "4: input log: `include_lines` is not"),
        ("paths: [/a]\nmystery: 3", "4: input log: `mystery` is not translated"),
        ("paths: [/a]\nexclude_files: ['(a|b)+$']", "4: input log: `exclude_files` has regular"),
        ("paths: [/a]\nmultiline.type: count", "4: input log: `multiline` is not by pattern"),
        ("paths: [/a]\nclose_inactive: 5m", "4: input log: `close_inactive` is left out"),
        ("type: tcp\nhost: '0.0.0.0:9'", "4: input tcp: `host` can be reached"),
    ],
)
def test_what_is_not_translated_is_named_with_its_line(body: str, note: str) -> None:
    _, notes = first_input(body)
    assert [text for text in notes if text.startswith(note)]


def test_inputs_without_a_counterpart_are_left_out_and_named() -> None:
    settings, notes = translated(
        "filebeat.inputs:\n- type: kafka\n- type: stdin\n  enabled: false\n"
    )
    assert settings["inputs"] == []
    assert notes == [
        "2: input kafka: has no counterpart, and is left out",
        "3: input stdin: is not enabled, and is left out",
    ]


def test_processors(tmp_path: Path) -> None:
    text = """
filebeat.inputs: [{type: log, paths: [/a]}]
processors:
  - drop_event:
      when:
        and:
          - equals: {http.response.status_code: 200}
          - not.equals: {service.name: 'a "b"'}
  - drop_event.when.has_fields: [error.message]
  - rename: {fields: [{from: a, to: b}]}
  - drop_fields: {fields: [agent, ecs], when.range.event.duration.lt: 5}
  - add_fields: {target: labels, fields: {env: p}}
  - dissect: {tokenizer: '%{level} %{message}', field: message}
  - add_host_metadata: ~
  - script: {lang: javascript}
"""
    settings, notes = translated(text)
    assert settings["rules"] == [
        {"drop": '(http.response.status_code:200 AND NOT service.name:"a \\"b\\"")'},
        {"drop": "_exists_:error.message"},
        {"rename": {"a": "b"}},
        {"remove": ["agent", "ecs"], "where": "event.duration:<5"},
    ]
    assert settings["inputs"] == [{
        "path": ["/a"], "fields": {"labels.env": "p"},
        "format": "dissect", "patterns": ["%{level} %{message}"],
    }]  # fmt: skip
    assert [note.partition(": is")[0] for note in notes] == [
        "14: processor add_host_metadata", "15: processor script",
    ]  # fmt: skip
    assert len(loaded(text, tmp_path).rules) == 4


def test_kafka_with_its_login_but_without_its_password(tmp_path: Path) -> None:
    text = """
output.kafka:
  hosts: ['k1:9093', 'k2:9093']
  topic: logs
  username: me
  password: hunter2-secret
  sasl.mechanism: SCRAM-SHA-256
  ssl: {certificate_authorities: [/ca.pem], certificate: /c.pem, key: /k.pem}
  compression: gzip
  required_acks: 1
"""
    broker = loaded(text, tmp_path).broker
    assert isinstance(broker, KafkaSection)
    assert (broker.bootstrap, broker.topic) == (["k1:9093", "k2:9093"], "logs")
    assert (broker.compression, broker.sasl and broker.sasl.mechanism) == ("gzip", "SCRAM-SHA-256")
    assert broker.tls is not None
    assert str(broker.tls.ca_file) == "/ca.pem"
    assert "hunter2" not in (tmp_path / "logboom.yaml").read_text()
    _, notes = translated(text)
    assert any("LOGBOOM_KAFKA_PASSWORD" in note for note in notes)


@pytest.mark.parametrize(
    ("body", "store", "index"),
    [
        ("hosts: [es1]", {"urls": ["http://es1:9200"]}, None),
        ("hosts: ['https://u:p@es1:443/x']", {"urls": ["https://es1:443/x"]}, None),
        (
            "hosts: [a, 'b:1']\n  protocol: https\n  api_key: '${ES_KEY}'",
            {"urls": ["https://a:9200", "https://b:1"], "api_key": "${ES_KEY}"},
            None,
        ),
        ("hosts: [a]\n  index: 'app-%{+yyyy.MM.dd}'", {"urls": ["http://a:9200"]}, "app-%Y.%m.%d"),
        ("hosts: [a]\n  index: '%{[fields.x]}'", {"urls": ["http://a:9200"]}, None),
        ("hosts: [a]\n  ssl.verification_mode: none", {
            "urls": ["http://a:9200"], "tls": {"verify": False},
        }, None),
    ],
)  # fmt: skip
def test_elasticsearch(body: str, store: dict[str, Any], index: str | None, tmp_path: Path) -> None:
    text = f"output.elasticsearch:\n  {body}\n"
    settings, _ = translated(text)
    assert settings["store"] == {"elasticsearch": store}
    assert settings.get("index") == index
    loaded(text, tmp_path)


def test_filebeats_own_settings_are_told_once_each() -> None:
    settings, notes = translated(
        "setup.kibana.host: x\nsetup.ilm.enabled: false\nlogging.level: warning\nname: n1\n"
    )
    assert settings == {"inputs": [], "shipper": {"name": "n1"}, "log_level": "warn"}
    assert notes == ["1: filebeat: `setup` is about Filebeat itself, and is left out"]


def test_the_notes_stand_as_comments_in_front_of_the_configuration() -> None:
    written = as_yaml(import_filebeat("mystery: 1\n", origin="f.yml"), origin="f.yml")
    assert "# - line 1: filebeat: `mystery` is not translated" in written
    assert yaml.safe_load(written) == {"inputs": []}


_VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-5, 5), st.sampled_from(["", "a", "5s", "${D:x}"])
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(_NAMES), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(_TOP), _VALUES, max_size=4))
def test_any_setting_of_any_shape_is_translated_or_named(content: dict[str, Any]) -> None:
    as_yaml(import_filebeat(yaml.safe_dump(content), origin="x"), origin="x")


@given(st.text(max_size=60))
def test_any_text_is_a_configuration_or_a_mistake(text: str) -> None:
    with contextlib.suppress(ConfigError):
        import_filebeat(text, origin="x")


_READ = ["", "json.keys_under_root: true", "parsers: [{ndjson: {}}]", "multiline.pattern: '^a'"]
_PROCESSORS = [
    "", "dissect: {tokenizer: '%{a} %{b}'}", "dissect: {tokenizer: ''}", "dissect: {}",
    "decode_json_fields: {fields: [message]}", "dissect: {tokenizer: '%{c}', field: other}",
]  # fmt: skip
_KINDS = ["log", "filestream", "container", "tcp"]


@given(
    st.lists(st.tuples(st.sampled_from(_KINDS), st.sampled_from(_READ), st.sampled_from(_PROCESSORS)), max_size=3),
    st.lists(st.sampled_from(_PROCESSORS), max_size=3),
)  # fmt: skip
def test_whatever_is_printed_loads_and_its_parsers_can_be_made(
    tmp_path_factory: pytest.TempPathFactory, inputs: list[tuple[str, str, str]], common: list[str]
) -> None:
    lines = ["filebeat.inputs:"]
    for number, (kind, read, processor) in enumerate(inputs):
        lines += [f"- type: {kind}", f"  paths: [/a{number}]", f"  host: localhost:{9000 + number}"]
        lines += [f"  {read}"] * bool(read)
        lines += [f"  processors: [{{{processor}}}]"] * bool(processor)
    lines += ["processors:", *(f"- {processor}" for processor in common if processor)]
    config = loaded("\n".join(lines), tmp_path_factory.mktemp("imported"))
    for section in config.inputs:
        if isinstance(section, FileInput):
            make_parser(section)


def test_a_processor_for_all_inputs_leaves_those_that_have_a_format() -> None:
    settings, notes = translated("""
filebeat.inputs:
- {type: log, paths: [/a], json.keys_under_root: true}
- {type: log, paths: [/b]}
processors:
- dissect: {tokenizer: '%{a} %{b}'}
""")
    first, second = settings["inputs"]
    assert (first["format"], "patterns" in first) == ("json", False)
    assert (second["format"], second["patterns"]) == ("dissect", ["%{a} %{b}"])
    assert notes == ["3: input log: `format` is json: processor dissect is left out"]


def test_standard_input_is_read_once(tmp_path: Path) -> None:
    text = "filebeat.inputs:\n- type: stdin\n- type: stdin\n"
    settings, notes = translated(text)
    assert settings["inputs"] == [{"stdin": True}]
    assert notes == ["3: input stdin: is left out: standard input can be read once only"]
    loaded(text, tmp_path)
