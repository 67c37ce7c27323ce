"""`logboom check` says what would be read, and leaves no trace."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from logboom.cli.app import make_app
from logboom.config import expand, from_mapping
from logboom.errors import ConfigError
from shipper.why.content import content_findings


def check(folder: Path, **settings: object) -> tuple[int, str, str]:
    path = folder / "logboom.yaml"
    path.write_text(yaml.safe_dump({"data": str(folder / "new" / "data"), **settings}))
    done = CliRunner().invoke(make_app(), ["check", "-c", str(path)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


def test_it_names_what_it_would_read_and_makes_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("INFO here\n")
    (tmp_path / "b.log.xz").write_bytes(b"\xfd7zXZ\0\0")
    before = {path.name for path in tmp_path.iterdir()}
    status, said, wrong = check(
        tmp_path,
        inputs=[
            {"path": [str(tmp_path / "*.log*"), str(tmp_path / "none")]},
            {"stdin": True},
            {"syslog": "127.0.0.1:5514"},
        ],
    )
    assert (status, wrong) == (0, "")
    assert f"{tmp_path}/a.log: would be read, 10 bytes" in said
    assert f"{tmp_path}/b.log.xz: would not be read" in said
    assert f"{tmp_path}/none: there is nothing of that name yet" in said
    assert "standard input: would be read" in said
    assert "syslog 127.0.0.1:5514: would be listened on" in said
    assert "broker: embedded" in said
    assert {path.name for path in tmp_path.iterdir()} == before | {"logboom.yaml"}


def test_it_says_that_there_are_no_inputs(tmp_path: Path) -> None:
    assert "inputs: there are none" in check(tmp_path)[1]
    assert "inputs: there are none" not in check(tmp_path, inputs=[{"stdin": True}])[1]


def test_a_compressed_file_that_is_cut_off_or_damaged_would_not_be_read(tmp_path: Path) -> None:
    whole = gzip.compress(b"2026-11-21T06:24:28Z INFO shop - line\n" * 3)
    (tmp_path / "whole.log.gz").write_bytes(whole)
    (tmp_path / "half.log.gz").write_bytes(whole[:-9])
    (tmp_path / "bad.log.gz").write_bytes(whole[:-8] + bytes(8))
    said = check(tmp_path, inputs=[{"path": str(tmp_path / "*.gz")}])[1]
    assert f"{tmp_path}/whole.log.gz: would be read, {len(whole)} bytes\n" in said
    for name in ("half", "bad"):
        path = str(tmp_path / f"{name}.log.gz")
        (reason,) = (f.sentence for f in content_findings(path, None) if f.mark == "trouble")
        assert f"{path}: would not be read: {reason}\n" in said


def test_a_data_folder_that_cannot_be_is_wrong(tmp_path: Path) -> None:
    status, _, wrong = check(tmp_path, data="/dev/null/logboom")
    assert status == 1
    assert "data: /dev/null/logboom cannot be written" in wrong


def test_a_data_folder_where_nothing_can_be_kept_is_wrong(tmp_path: Path) -> None:
    status, _, wrong = check(tmp_path, data="/proc/logboom")
    assert status == 1
    assert "data: /proc/logboom cannot be written" in wrong


def test_an_api_that_would_not_start_without_keys_is_wrong(tmp_path: Path) -> None:
    status, _, wrong = check(tmp_path, api={"listen": "0.0.0.0:7733"})
    assert status == 1
    assert "0.0.0.0:7733 needs API keys" in wrong
    made = ["create", "admin", "--scope", "admin", "-c", str(tmp_path / "logboom.yaml")]
    assert CliRunner().invoke(make_app(), ["keys", *made]).exit_code == 0
    status, said, wrong = check(tmp_path, api={"listen": "0.0.0.0:7733"})
    assert (status, wrong) == (0, "")
    assert "keys: there are some" in said


def test_an_address_that_is_none_is_a_wrong_configuration(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("store: http://127.0.0.1:notaport\n")
    done = CliRunner().invoke(make_app(), ["check", "-c", str(tmp_path / "c.yaml")])
    assert isinstance(done.exception, ConfigError)


def test_receivers_that_can_never_be_told_are_doubted(tmp_path: Path) -> None:
    receivers: list[dict[str, object]] = [
        {"name": "loop", "webhook": "http://127.0.0.1:8080/secret"},
        {"name": "inner", "alertmanager": ["https://10.0.0.1", "https://[fd00::1]:9093"]},
        {"name": "named", "slack": "https://localhost/x"},
        {"name": "mail", "email": {"host": "192.168.1.2", "sender": "a@b.example", "to": ["c"]}},
        {"name": "cloud", "discord": "http://169.254.169.254/x", "allow_private": True},
        {"name": "fine", "webhook": "http://127.0.0.1:8080/secret", "allow_private": True},
        {"name": "out", "webhook": "https://8.8.8.8/x"},
        {"name": "host", "webhook": "https://hooks.example/x"},
    ]
    status, said, wrong = check(tmp_path, alerts={"receivers": receivers})
    assert status == 0
    assert "is fine" in said
    place, mend = (
        f"logboom: warning: {tmp_path}/logboom.yaml: alerts.receivers",
        "set allow_private: true for a receiver inside of your network",
    )
    never = "and nothing is ever sent there; name another one"
    assert wrong.splitlines() == [
        f"{place}[0]: loop can never be told: 127.0.0.1 is no public address; {mend}",
        f"{place}[1]: inner can never be told: 10.0.0.1 is no public address; {mend}",
        f"{place}[1]: inner can never be told: fd00::1 is no public address; {mend}",
        f"{place}[2]: named can never be told: localhost is no public address; {mend}",
        f"{place}[3]: mail can never be told: 192.168.1.2 is no public address; {mend}",
        f"{place}[4]: cloud can never be told: 169.254.169.254 is no public address, {never}",
    ]


def test_conditions_that_no_alert_can_fulfil_are_doubted(tmp_path: Path) -> None:
    alerts = {
        "receivers": [{"name": "a", "webhook": "https://hooks.example/x"}],
        "route": {
            "receiver": "a",
            "routes": [
                {"match": {"severity": "page"}, "routes": [{"match": {"severity": "blocker"}}]},
                {"matchers": ['severity=~"p1|p2"', 'severity!="blocker"', 'team="blocker"']},
            ],
        },
        "inhibit": [{"source": {"severity": "Critical"}, "target": {"severity": "p3"}}],
        "escalation": {"match": {"severity": "p0"}},
    }
    status, _, wrong = check(tmp_path, alerts=alerts)
    assert status == 0
    known = "a severity is one of critical, high, medium, low"
    place = f"logboom: warning: {tmp_path}/logboom.yaml: alerts"
    assert wrong.splitlines() == [
        f'{place}.route.routes[0].routes[0].match: no alert can have severity="blocker": {known}',
        f'{place}.route.routes[1].matchers: no alert can have severity=~"p1|p2": {known}',
        f'{place}.inhibit[0].target: no alert can have severity="p3": {known}',
        f'{place}.escalation.match: no alert can have severity="p0": {known}',
    ]


CLASHES: list[tuple[dict[str, object], str]] = [
    (
        {"inputs": [{"http": "127.0.0.1:7701"}, {"syslog": "localhost:7701"}]},
        "inputs.1.http and inputs.2.syslog",
    ),
    (
        {"inputs": [{"syslog": "127.0.0.1:5514", "transport": ["udp"]},
                    {"syslog": "0.0.0.0:5514", "allow_remote": True}]},
        "inputs.1.syslog and inputs.2.syslog",
    ),
    ({"inputs": [{"http": "127.0.0.1:7700"}]}, "inputs.1.http and api.listen"),
    ({"api": {"listen": "127.0.0.1:7711"}}, "api.listen and shipper.metrics"),
    (
        {"api": {"listen": "localhost:7799"}, "processor": {"metrics": "127.0.0.1:7799"}},
        "api.listen and processor.metrics",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("settings", "names"), CLASHES)
def test_a_port_that_two_parts_want_is_refused(settings: dict[str, object], names: str) -> None:
    with pytest.raises(ConfigError, match=f"listened on twice, by {names}"):
        from_mapping(expand(settings), origin="test")


@pytest.mark.parametrize(
    "settings",
    [
        {
            "inputs": [
                {"syslog": "127.0.0.1:5514", "transport": ["udp"]},
                {"http": "127.0.0.1:5514"},
            ]
        },
        {"inputs": [{"http": "127.0.0.1:7701"}, {"http": "[::1]:7701"}]},
        {"inputs": [{"http": "127.0.0.1:0"}, {"http": "127.0.0.1:0"}]},
    ],
)
def test_ports_that_do_not_meet_are_fine(settings: dict[str, object]) -> None:
    assert len(from_mapping(expand(settings), origin="test").inputs) == 2


def test_standard_input_is_read_once() -> None:
    with pytest.raises(ConfigError, match="standard input twice"):
        from_mapping(expand({"inputs": [{"stdin": True}, {"stdin": True}]}), origin="test")


WRONG_INPUTS: list[tuple[dict[str, object], str]] = [
    ({"format": "nonsense"}, "nonsense"),
    ({"encoding": "utf-99"}, "utf-99"),
    ({"format": "grok", "patterns": ["%{NONE}"]}, "NONE"),
    ({"format": "dissect", "patterns": ["%{"]}, "%{"),
    ({"multiline": {"pattern": "^(a+)+$"}}, "multiline.pattern"),
    ({"timestamp_format": "%Q%Q"}, "%Q%Q"),
    ({"rules": [{"remove": ["event.id"]}]}, "cannot change event.id"),
]


@pytest.mark.parametrize("command", ["check", "ship", "up"])
@pytest.mark.parametrize(("settings", "named"), WRONG_INPUTS)
def test_what_would_fail_at_the_first_file_is_refused_with_its_input(
    tmp_path: Path, command: str, settings: dict[str, object], named: str
) -> None:
    error = refused(tmp_path, command, inputs=["/a.log", {"path": "/b.log", **settings}])
    assert error.sentence().startswith(f"{tmp_path}/logboom.yaml: inputs[1]: ")
    assert named in error.sentence()
    assert "\n" not in error.sentence()


@pytest.mark.parametrize("command", ["check", "ship", "up"])
def test_rules_for_all_inputs_are_checked_without_any(tmp_path: Path, command: str) -> None:
    error = refused(tmp_path, command, rules=[{"remove": ["event.id"]}])
    assert error.sentence().startswith(f"{tmp_path}/logboom.yaml: rules: ")


def refused(folder: Path, command: str, **settings: object) -> ConfigError:
    path = folder / "logboom.yaml"
    path.write_text(yaml.safe_dump({"data": str(folder / "data"), **settings}))
    done = CliRunner().invoke(make_app(), [command, "-c", str(path)])
    assert isinstance(done.exception, ConfigError), done.exception
    return done.exception
