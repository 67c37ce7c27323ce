"""Every mistake in a configuration is told in one line that names its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from logboom.config import Config, read_config
from logboom.errors import ConfigError


def read(folder: Path, text: str) -> Config:
    path = folder / "logboom.yaml"
    path.write_text(text)
    return read_config(path, {})


def mistake(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read(folder, text)
    return caught.value.sentence().replace(str(folder), "")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("data: a\nindex: b\ndata: c\n", "/logboom.yaml:3:1: is not valid YAML: `data` is there twice, first in line 1"),
        ("inputs:\n- path: a\n  path: b\n", "/logboom.yaml:3:3: is not valid YAML: `path` is there twice, first in line 2"),
        ("inputs: &a [*a]\n", "/logboom.yaml:1:9: is not valid YAML: an alias contains itself"),
        ("data: &a {b: {c: *a}}\n", "/logboom.yaml:1:7: is not valid YAML: an alias contains itself"),
        ("data: !!map x\n", "/logboom.yaml:1:7: is not valid YAML: expected a mapping node, but found scalar"),
        ("data: [!!int x]\n", "/logboom.yaml:1:8: is not valid YAML: a value is none: invalid literal for int() with base 10: 'x'"),
        ("data: 2026-13-45\n", "/logboom.yaml:1:7: is not valid YAML: a value is none: month must be in 1..12"),
        ("data: " + "[" * 900, "/logboom.yaml: is not valid YAML: it is nested too deeply"),
    ],
)  # fmt: skip
def test_yaml_that_would_be_misread_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    assert mistake(tmp_path, text) == sentence


@pytest.mark.parametrize(
    ("text", "place", "mend"),
    [
        ("inputs:\n\t- path: a\n", "2:1", "indent with blanks, not with tabs"),
        ("inputs:\n  - path: a\n   zone: x\n", "3:4", "begin the lines of one section in the same column"),
        ("- a\nb: c\n", "2:1", "begin the lines of one section in the same column"),
        ("a: b: c\n", "1:5", "put a value with `: ` in it into quotes, and begin the lines of one section in the same column"),
        ("path: 'a\nb: c\n", "3:1", "close the quote that opens in line 1"),
        ("inputs: [a\n", "2:1", "close the bracket that opens before with ]"),
        ("inputs: {path: a\nb: c\n", "2:2", "close the bracket that opens before with }"),
        ("a: [b, c]]\n", "1:10", "take out this one more bracket, or put the value into quotes"),
        ("inputs:\n  - path: *.log\n", "2:12", "put a value that begins with * or & into quotes"),
        ("x: @foo\n", "1:4", "put the value into quotes"),
        ("a: !foo b\n", "1:4", "put a value that begins with ! into quotes"),
        ("a: {{ x }}\n", "1:5", "put a value that begins with { into quotes"),
        ('x: "a\\d"\n', "1:7", r"write \\ for each \, or take single quotes"),
        ("a: 'it's'\n", "1:8", "in single quotes write '' for ', or take double quotes"),
        ("inputs:\n- zone UTC\n  x: 3\n", "3:4", "put a value with `: ` in it into quotes, and begin the lines of one section in the same column"),
        ("data: x\nzone UTC\n", "3:1", "write `key: value`, with a blank behind the colon"),
    ],
)  # fmt: skip
def test_broken_yaml_is_told_with_how_to_mend_it(
    tmp_path: Path, text: str, place: str, mend: str
) -> None:
    told = mistake(tmp_path, text)
    assert told.startswith(f"/logboom.yaml:{place}: is not valid YAML: ")
    assert told.endswith(f" ({mend})")


def test_a_time_without_quotes_is_no_number(tmp_path: Path) -> None:
    digest = read(tmp_path, "alerts: {digest: {at: 15:03}}\n").alerts.digest
    assert digest is not None
    assert digest.at == "15:03"
    assert "must be a text" in mistake(tmp_path, "alerts: {digest: {at: 903}}\n")


def test_a_role_with_no_service_is_refused(tmp_path: Path) -> None:
    text = "api: {{oidc: {{issuer: https://id.example, audience: logboom, roles: {{dev: {{services: {}}}}}}}}}"
    told = mistake(tmp_path, text.format("[]"))
    assert "api.oidc.roles.dev.services" in told
    assert "allows nothing: name services, or leave it out, then all are seen" in told
    oidc = read(tmp_path, text.format("[shop]").replace("services: [shop]", "")).api.oidc
    assert oidc is not None
    assert oidc.roles["dev"].services is None


def test_aliases_that_multiply_are_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    assert mistake(tmp_path, "\n".join(lines)).endswith("there are more than 100,000 values")


def test_merged_keys_may_be_given_anew(tmp_path: Path) -> None:
    config = read(tmp_path, "inputs:\n- &a {path: a, service: x}\n- {<<: *a, service: y}\n")
    assert [section.service for section in config.inputs if section.kind == "file"] == ["x", "y"]


@pytest.mark.parametrize("port", ["65536", "127.0.0.1:99999", "[::1]:70000", "99999999"])
def test_ports_end(tmp_path: Path, port: str) -> None:
    for key in ("inputs: [{http: %s}]", "inputs: [{syslog: %s}]", "api: {listen: %s}"):
        assert "ports end at 65535" in mistake(tmp_path, key % f"'{port}'")
    assert "ports end at 65535" in mistake(tmp_path, "shipper: {metrics: 65536}")


def test_the_last_port_is_one(tmp_path: Path) -> None:
    assert read(tmp_path, "api: {listen: 65535}").api.listen == "127.0.0.1:65535"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("inputs: [{path: a, multiline: {pattern: a, match: z}}]", "inputs[0].multiline.match: must be 'after' or 'before'"),
        ("inputs: [{path: a, multiline: {pattern: a, mach: after}}]", "inputs[0].multiline.mach: there is no such setting (did you mean match?)"),
        ("inputs: [{path: a, fields: 3}]", "inputs[0].fields: must be a section of settings"),
        ("inputs: [3]", "inputs[0]: must be a section of settings"),
        ("inputs: 3", "inputs: must be a list"),
        ("inputs: [{syslog: true}]", "inputs[0].syslog: must be a text"),
        ("inputs: [{http: 1, tls: {}}]", "inputs[0].tls.cert_file: is missing\n/logboom.yaml: inputs[0].tls.key_file: is missing"),
        ("broker: {kafka: {bootstrap: [a], tls: 3}}", "broker.tls: must be a section of settings"),
        ("shipper: 3", "shipper: must be a section of settings"),
        ("shipper: {batch_events: x}", "shipper.batch_events: must be a whole number"),
        ("shipper: {poll_interval: 0s}", "shipper.poll_interval: must be at least 10ms"),
        ("shipper: {poll_interval: 2h}", "shipper.poll_interval: must be at most 1h"),
        ("retention: 0d", "retention.keep: must be at least 1h"),
        ("alerts: {receivers: [{name: a, webhook: 'https://a'}], route: {receiver: a, repeat_interval: 40s}}", "alerts.route.repeat_interval: must be at least 1m"),
        ("alerts: {receivers: [{name: a, webhook: 'https://a'}], route: {receiver: a, repeat_interval: 40d}}", "alerts.route.repeat_interval: must be at most 30d"),
        ("inputs: [{http: 1, max_spool_bytes: 10}]", "inputs[0].max_spool_bytes: must be at least 1MiB"),
        ("inputs: [{syslog: 1, max_message_bytes: 479}]", "inputs[0].max_message_bytes: must be at least 480B"),
        ("shipper: {batch_events: 0}", "shipper.batch_events: must be at least 1"),
        ("api: {limits: {requests_per_s: 0}}", "api.limits.requests_per_s: must be more than 0"),
        ("errors: {rules: [{name: a, pattern: '('}]}", "errors.rules[0].pattern: is no regular expression that can be used: character 2: there is nothing here to match (write (…)? for what may be missing)"),
        ("data: 3", "data: must be a path"),
        ("inputs: [{path: a, start: yesterday}]", "inputs[0].start: must be beginning, end, or an age such as 24h, not 'yesterday'"),
        ("inputs: [{path: a, start: 24}]", "inputs[0].start: must be beginning, end, or an age such as 24h, not 24"),
        ("inputs: [{path: a, multiline: {type: count}}]", "inputs[0].multiline: type count needs `count_lines`: write for example count_lines: 3"),
        ("inputs: [{path: a, multiline: {type: block}}]", "inputs[0].multiline: type block needs both `start` and `end`: write for example start: '^BEGIN', end: '^END'"),
        ("inputs: [{path: a, multiline: {}}]", "inputs[0].multiline: give one of: `pattern`; `count_lines`; `start` and `end`"),
        ("redact: {rules: [{name: My Rule, pattern: a, reason: b}]}", "redact.rules[0].name: must be like employee_number (Events get the tag `redacted:` and this name: up to 40 lower case letters, digits and `_`, a letter first)"),
        ("redact: {rules: [{name: a, pattern: a, reason: ''}]}", "redact.rules[0].reason: must have 1 or more characters"),
        ("api: {public_url: logs}", "api.public_url: must be like https://logs.example (Where people reach it, for links in alerts; default: `http://` and `listen`)"),
        ("alerts: {receivers: [{name: /, webhook: 'https://a'}]}", "alerts.receivers[0].name: must be like oncall (What routes call it)"),
        ("shipper: {linger: [1]}", "shipper.linger: must be a duration, such as 30s"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_told_in_the_words_of_the_configuration(
    tmp_path: Path, text: str, sentence: str
) -> None:
    assert mistake(tmp_path, text) == f"/logboom.yaml: {sentence}"


def test_off_is_a_name_where_a_key_stands(tmp_path: Path) -> None:
    path = tmp_path / "logboom.yaml"
    path.write_text("errors:\n  off: [text.trouble]\n")
    assert "text.trouble" in read_config(path, {}).errors.off


def test_what_one_place_may_be_is_one_sentence(tmp_path: Path) -> None:
    wanted = "must be 'auto' or 'none', or a section of settings"
    text = "inputs: [{path: /x, multiline: '(['}]"
    assert mistake(tmp_path, text) == f"/logboom.yaml: inputs[0].multiline: {wanted}"


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("kafka://", "broker.bootstrap: "),
        ("kafka://a:x", "'a:x' is not a broker's address"),
        ("kafka://a:99999", "'a:99999' is not a broker's address"),
        ("kafka://a:1/topic", "'a:1/topic' is not a broker's address"),
        ("kafka://u:secret@a:1", "broker.bootstrap[0]: has a user: name it in broker.kafka.sasl"),
    ],
)
def test_a_wrong_address_of_a_broker_is_told(tmp_path: Path, address: str, told: str) -> None:
    sentence = mistake(tmp_path, f"broker: {address}\n")
    assert told in sentence
    assert "secret" not in sentence


def test_brokers_have_their_usual_port(tmp_path: Path) -> None:
    broker = read(tmp_path, "broker: 'kafka://a, [::1],::2,[fe80::1%eth0],b:1,'\n").broker
    assert broker.kind == "kafka"
    assert broker.bootstrap == ["a:9092", "[::1]:9092", "[::2]:9092", "[fe80::1%eth0]:9092", "b:1"]


def test_there_is_at_least_one_broker_and_one_node(tmp_path: Path) -> None:
    assert "broker.bootstrap" in mistake(tmp_path, "broker: {kafka: {bootstrap: []}}\n")
    assert "store.urls" in mistake(tmp_path, "store: {elasticsearch: {urls: []}}\n")


@pytest.mark.parametrize(
    "url",
    ["http://[::1", "http://", "http://host:port", "https://a:99999", "https://u:secret@a:1:2"],
)
def test_a_wrong_address_of_a_node_is_told(tmp_path: Path, url: str) -> None:
    sentence = mistake(tmp_path, f"store: '{url}'\n")
    assert "store.urls[0]: is not the address of a node: write https://HOST:PORT" in sentence
    assert "secret" not in sentence


def test_a_password_in_the_address_of_a_node_may_have_any_signs(tmp_path: Path) -> None:
    store = read(tmp_path, "store: {elasticsearch: {urls: ['https://u:p[w]@a:9200']}}\n").store
    assert store.kind == "elasticsearch"
    assert store.urls == ["https://u:p[w]@a:9200"]


@pytest.mark.parametrize("url", ["nonsense", "ftp://", "//secret@a:9200"])
def test_what_is_no_address_of_a_node_is_told(tmp_path: Path, url: str) -> None:
    sentence = mistake(tmp_path, f"store: {{elasticsearch: {{urls: ['{url}']}}}}\n")
    assert "store.urls[0]: is not the address of a node: write https://HOST:PORT" in sentence
    assert "secret" not in sentence
