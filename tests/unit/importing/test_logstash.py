"""A logstash.conf becomes a configuration that loads, and says of the rest on which line it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from logboom.cli.app import make_app
from logboom.config import read_config
from logboom.errors import ConfigError, UsageError
from logboom.importing import as_yaml, import_logstash
from logboom.importing.logstash_syntax import parse_logstash

ENVIRONMENT = dict.fromkeys(
    (
        "LOGBOOM_HTTP_KEY",
        "LOGBOOM_STORE_PASSWORD",
        "LOGBOOM_KAFKA_USERNAME",
        "LOGBOOM_KAFKA_PASSWORD",
    ),
    "a-long-enough-value",
)
FILE = 'input { file { path => "/a" start_position => "beginning" type => "app" tags => ["t"] } }\n'


def translated(text: str) -> tuple[dict[str, Any], list[str]]:
    translation = import_logstash(text, origin="logstash.conf")
    return dict(translation.settings), [f"{note.line}: {note.text}" for note in translation.notes]


def filtered(filters: str) -> tuple[dict[str, Any], list[str]]:
    settings, notes = translated(f"{FILE}filter {{\n{filters}\n}}")
    section = dict(settings["inputs"][0])
    assert section.pop("path") == ["/a"]
    section.pop("fields")
    return section, notes


@pytest.mark.parametrize(
    ("body", "section"),
    [
        ('file { path => ["/a", "/b"] exclude => "*.gz" }',
         {"path": ["/a", "/b"], "exclude": ["*.gz"], "start": "end"}),
        ('stdin { codec => json }', {"stdin": True, "format": "json"}),
        ('syslog { port => 5514 host => "127.0.0.1" timezone => "Asia/Seoul" }',
         {"syslog": "127.0.0.1:5514", "zone": "Asia/Seoul"}),
        ('udp { port => 9 }',
         {"syslog": "0.0.0.0:9", "transport": ["udp"], "allow_remote": True, "format": "plain"}),
        ('tcp { host => localhost port => 9 codec => json_lines }',
         {"syslog": "localhost:9", "transport": ["tcp"], "format": "json"}),
        ('http { host => localhost port => 8 }', {"http": "localhost:8"}),
        ('http { }', {"http": "0.0.0.0:8080", "api_keys": ["${LOGBOOM_HTTP_KEY}"]}),
        ('file { path => "/a" start_position => beginning codec => multiline {\n pattern => "^\\s" what => "previous" } }',
         {"path": ["/a"], "multiline": {"pattern": "^\\s", "match": "after"}}),
        ('file { path => "${DIR:/x}/a" start_position => beginning add_field => { "[a][b]" => "c" } }',
         {"path": ["${DIR:-/x}/a"], "fields": {"a.b": "c"}}),
    ],
)  # fmt: skip
def test_inputs(body: str, section: dict[str, Any], tmp_path: Path) -> None:
    text = f"input {{ {body} }}"
    assert translated(text)[0]["inputs"] == [section]
    path = tmp_path / "logboom.yaml"
    path.write_text(as_yaml(import_logstash(text, origin="x"), origin="x"), encoding="utf-8")
    assert len(read_config(path, ENVIRONMENT).inputs) == 1


@pytest.mark.parametrize(
    ("filters", "section"),
    [
        ('grok { match => { "message" => "%{WORD:a} \\"x\\"" } }',
         {"format": "grok", "patterns": ['%{WORD:a} "x"']}),
        ('grok { match => ["message", "%{WORD:a}"] patterns_dir => "/p" }',
         {"format": "grok", "patterns": ["%{WORD:a}"], "pattern_folders": ["/p"]}),
        ('dissect { mapping => { message => "%{a} %{b}" } }',
         {"format": "dissect", "patterns": ["%{a} %{b}"]}),
        ('json { source => message }', {"format": "json"}),
        ('kv { }', {"format": "keyvalue"}),
        ('csv { separator => ";" columns => ["a", "b"] }',
         {"format": "csv", "delimiter": ";", "columns": ["a", "b"]}),
        ('date { match => ["t", "ISO8601", "dd/MM/yyyy"] timezone => "Europe/Berlin" }',
         {"timestamp_format": ["dd/MM/yyyy"], "zone": "Europe/Berlin"}),
        ('mutate { rename => { "a" => "[b][c]" } remove_field => ["d"] }',
         {"rules": [{"rename": {"a": "b.c"}}, {"remove": ["d"]}]}),
        ('mutate { add_field => { e => "f" } }', {"rules": [{"set": {"e": "f"}}]}),
        ('drop { percentage => 90 }', {"rules": [{"sample": {"rate": 0.1}}]}),
        ('if [type] == "app" { json { } } else { kv { } }', {"format": "json"}),
        ('if [type] != "app" { json { } } else { kv { } }', {"format": "keyvalue"}),
        ('if "t" in [tags] and [type] in ["app", "b"] { json { } }', {"format": "json"}),
        ('if [level] == "DEBUG" { drop { } }', {"rules": [{"drop": 'log.level:"DEBUG"'}]}),
        ('if [a] and !([n] > 5) { drop { } }',
         {"rules": [{"drop": "(_exists_:a) AND (NOT (n:>5))"}]}),
        ('if [a] not in ["x", "y"] { mutate { remove_field => a } }',
         {"rules": [{"remove": ["a"], "where": 'NOT (a:("x" OR "y"))'}]}),
        ('if [a] == 1 { drop { } } else if [a] == 2 { mutate { remove_field => b } }',
         {"rules": [{"drop": "a:1"}, {"remove": ["b"], "where": "(NOT (a:1)) AND (a:2)"}]}),
    ],
)  # fmt: skip
def test_filters(filters: str, section: dict[str, Any], tmp_path: Path) -> None:
    found, _ = filtered(filters)
    assert found == section
    path = tmp_path / "logboom.yaml"
    whole = import_logstash(f"{FILE}filter {{ {filters} }}", origin="x")
    path.write_text(as_yaml(whole, origin="x"), encoding="utf-8")
    read_config(path, ENVIRONMENT)


@pytest.mark.parametrize(
    ("filters", "note"),
    [
        ("geoip { source => ip }", "3: filter geoip: is not translated"),
        ('mutate {\n gsub => ["a", "b", "c"] }', "4: filter mutate: `gsub` is not translated"),
        ("if [message] =~ /a\\/b/ { drop { } }", "3: filter: the condition is not translated"),
        ("json { } kv { }", "3: filter kv: is not translated: it is the second way"),
        ('if [a] == 1 { grok { match => { message => "x" } } }',
         "3: filter grok: is not translated: it depends on the event"),
        ("drop { }", "3: filter drop: `drop` has no condition"),
        ('mutate { add_field => { a => "%{b}" } }', "3: filter mutate: `add_field` has values"),
        ('date { match => ["t", "X"] target => "u" }', "3: filter date: `match` is not translated"),
    ],
)  # fmt: skip
def test_what_is_not_translated_is_named_with_its_line(filters: str, note: str) -> None:
    _, notes = filtered(filters)
    assert [text for text in notes if text.startswith(note)], notes


def test_a_filter_that_is_translated_for_one_input_names_the_other() -> None:
    inputs = "".join(f'file {{ path => "/l/{kind}.log" type => {kind} }} ' for kind in "ab")
    filters = 'if [type] == "a" or [x] == 1 { json { } }'
    done = import_logstash(f"input {{ {inputs}}} filter {{ {filters} }}", origin="x")
    said = [note.text for note in done.notes if "depends on the event" in note.text]
    assert len(said) == 1
    assert "for the input" in said[0]
    assert "/l/b.log" in said[0]


def test_lines_over_tcp_are_read_as_the_filters_say_or_else_as_they_are() -> None:
    inputs = "tcp { host => localhost port => 8 type => a }\n tcp { host => localhost port => 9 }"
    filters = 'if [type] == "a" { grok { match => { message => "%{WORD:b}" } } }'
    settings, notes = translated(f"input {{ {inputs} }} filter {{ {filters} }}")
    assert [section.get("format") for section in settings["inputs"]] == ["grok", "plain"]
    (note,) = (note for note in notes if "as they are" in note)
    assert note.startswith(
        "2: input tcp: takes lines as they are, `format: plain`: name the format"
    )


def test_standard_input_is_read_once(tmp_path: Path) -> None:
    text = "input { stdin { type => a }\n stdin { type => b } }"
    settings, notes = translated(text)
    assert settings["inputs"] == [{"stdin": True, "fields": {"type": "a"}}]
    assert "2: input stdin: is left out: standard input can be read once only" in notes
    path = tmp_path / "logboom.yaml"
    path.write_text(as_yaml(import_logstash(text, origin="x"), origin="x"), encoding="utf-8")
    assert len(read_config(path, {}).inputs) == 1


def test_outputs_without_their_secrets() -> None:
    settings, notes = translated(
        "output { if [a] { stdout { codec => rubydebug } }\n"
        'elasticsearch { hosts => ["es:9200"] ssl => true user => "u" password => "hunter2"\n'
        ' index => "app-%{+YYYY.MM.dd}" }\n'
        'kafka { bootstrap_servers => "a:1,b:2" topic_id => "t" compression_type => "zstd"\n'
        ' security_protocol => "SASL_SSL" sasl_mechanism => "PLAIN" sasl_jaas_config => "hunter2" } }'
    )
    assert settings["store"] == {"elasticsearch": {
        "urls": ["https://es:9200"], "username": "u", "password": "${LOGBOOM_STORE_PASSWORD}",
    }}  # fmt: skip
    assert settings["index"] == "app-%Y.%m.%d"
    assert settings["broker"]["kafka"]["bootstrap"] == ["a:1", "b:2"]
    assert settings["broker"]["kafka"]["sasl"]["password"] == "${LOGBOOM_KAFKA_PASSWORD}"
    assert "hunter2" not in f"{settings}{notes}"
    assert "1: output stdout: has no counterpart" in notes


def test_comments_and_quotes_are_read_as_logstash_reads_them() -> None:
    text = '# if { \ninput { # x }\n file { path => \'/a#b\' "delimiter" => "\\d" } }'
    (plugin,) = parse_logstash(text, origin="x")["input"]
    assert plugin.values == {"path": "/a#b", "delimiter": "\\d"}  # type: ignore[union-attr]
    assert plugin.lines == {"path": 3, "delimiter": 3}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("input {\n file { path =>\n} }", "x:3"), ("inputs { }", "x:1"), ("input {", "x:1"),
        ("input {\n\n file { ? } }", "x:3"), ("filter { if { } }", "x:1"),
        ("filter { if [a] == { } }", "x:1"), ("input { file { a => [1 } }", "x:1"),
        ("filter { " + "if [a] { " * 200 + "} " * 201, "x:1"),
    ],
)  # fmt: skip
def test_mistakes_are_told_with_their_line(text: str, where: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_logstash(text, origin="x")
    assert caught.value.where == where


_WORDS = st.sampled_from(
    ['input', 'filter', 'output', '{', '}', '[', ']', '=>', '"a"', "'b'", '[x][y]', '[x]', 'if',
     'else', 'in', 'not', 'and', '!', '(', ')', '==', '=~', '/r/', '5', '-1.5', 'true', 'grok', 'json',
     'file', 'match', 'path', 'mutate', 'rename', 'drop', 'date', 'codec', 'multiline', '#c\n', ',']
)  # fmt: skip


@given(st.one_of(st.text(max_size=80), st.lists(_WORDS, max_size=40).map(" ".join)))
def test_any_text_is_a_configuration_or_a_mistake(text: str) -> None:
    try:
        translation = import_logstash(text, origin="x")
    except ConfigError:
        return
    as_yaml(translation, origin="x")


_BLOCKS = st.recursive(
    st.builds(
        lambda name, keys: f"{name} {{ {' '.join(keys)} }}",
        st.sampled_from(["grok", "json", "csv", "date", "mutate", "drop", "kv", "dissect", "x"]),
        st.lists(st.builds(
            lambda key, value: f"{key} => {value}",
            st.sampled_from(["match", "rename", "add_field", "remove_field", "percentage", "mapping",
                             "columns", "separator", "source", "target", "pattern_definitions"]),
            st.sampled_from(['"a"', "5", "[ ]", '["a", 1]', "{ }", '{ "a" => ["b"] }', "true"]),
        ), max_size=4),
    ),
    lambda inner: st.lists(inner, max_size=3).map(lambda steps: f"if [a] {{ {' '.join(steps)} }}"),
    max_leaves=5,
)  # fmt: skip


@given(_BLOCKS)
def test_any_setting_of_any_shape_is_translated_or_named(block: str) -> None:
    as_yaml(import_logstash(f"{FILE}filter {{ {block} }}", origin="x"), origin="x")


def test_the_command_prints_both(tmp_path: Path) -> None:
    path = tmp_path / "logstash.conf"
    path.write_text('input { file { path => "/a" mystery => 1 } }')
    done = CliRunner().invoke(make_app(), ["import", str(path)])
    assert done.exit_code == 0
    assert "- path:\n  - /a\n" in done.stdout
    assert f"{path}:1: input file: `mystery` is not translated" in done.stderr


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("other.txt", "hello", "is no file of Filebeat, Logstash"),
        ("bad.yml", "a: [", "is not valid YAML"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, name: str, text: str, sentence: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    done = CliRunner().invoke(make_app(), ["import", str(path)])
    assert isinstance(done.exception, UsageError | ConfigError)
    assert sentence in str(done.exception)
