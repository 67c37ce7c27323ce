"""`logboom grok`: captures, misses, costs, and lines that take too long."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from logboom.cli.app import make_app
from logboom.errors import ConfigError


def run(*arguments: str, text: str) -> Any:
    return CliRunner().invoke(make_app(), ["grok", *arguments], input=text)


def test_one_object_of_captures_a_line_and_null_for_a_miss() -> None:
    result = run("^%{LOGLEVEL:level} %{INT:ms:int}", "^%{WORD:w}$", text="INFO 12\nhello\n-\n")
    assert [json.loads(line) for line in result.stdout.splitlines()] == [
        {"level": "INFO", "ms": 12}, {"w": "hello"}, None,
    ]  # fmt: skip
    assert result.stderr == ""


def test_the_ecs_set_names_ecs_fields() -> None:
    line = "Oct 11 22:14:15 web-1 sshd[4711]: Accepted\n"
    result = run("^%{SYSLOGLINE}", "--ecs", text=line)
    assert json.loads(result.stdout) == {
        "timestamp": "Oct 11 22:14:15", "host.hostname": "web-1", "process.name": "sshd",
        "process.pid": 4711, "message": "Accepted",
    }  # fmt: skip


def test_a_folder_adds_names(tmp_path: Path) -> None:
    (tmp_path / "own").write_text("ORDER O-\\d+\n", encoding="utf-8")
    result = run("%{ORDER:order}", "--patterns", str(tmp_path), text="got O-17\n")
    assert json.loads(result.stdout) == {"order": "O-17"}


def test_costs_are_told_per_line_and_per_pattern() -> None:
    result = run("^%{INT:n}$", "^%{WORD:w}$", "--cost", text="1\nab\n")
    lines = result.stderr.splitlines()
    assert len(lines) == 2 + 3
    assert all(float(line) >= 0 for line in lines[:2])
    assert [line.split()[:2] for line in lines[3:]] == [["2", "1"], ["1", "1"]]


def test_a_line_that_takes_too_long_is_a_miss_and_said_to_be_one() -> None:
    result = run("^(a+)+$", "--budget-ms", "20", text="a" * 60 + "!\naa\n")
    assert result.stdout.splitlines() == ["null", "{}"]
    assert result.stderr == "logboom: line 1: took longer than 20 ms\n"


def test_a_wrong_pattern_is_a_wrong_use() -> None:
    result = run("%{NOSUCHNAME:x}", text="")
    with pytest.raises(ConfigError, match="NOSUCHNAME"):
        raise result.exception
