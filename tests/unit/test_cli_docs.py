"""docs/cli.md says of every command and option what the program says, and nothing else."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from logboom.cli.app import make_app
from logboom.cli.remote import DEFAULT_URL

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
ROOT: Any = typer.main.get_command(make_app())


def _commands(name: str, command: Any) -> dict[str, Any]:
    """A command by its name, or all of a group's."""
    below = getattr(command, "commands", None)
    if below is None:
        return {name: command}
    return {n: c for key in below for n, c in _commands(f"{name} {key}", below[key]).items()}


COMMANDS: dict[str, Any] = {"logboom": ROOT} | _commands("logboom", ROOT)
SECTIONS: dict[str, str] = dict(
    re.findall(r"^## (logboom[\w ]*)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
)
_ROW = re.compile(r"^\| ((?:`[\w-]+`(?:, )?)+) \| (.*?) \| (.*) \|$", re.MULTILINE)


def _names(parameter: Any) -> tuple[str, ...]:
    return tuple(sorted([*parameter.opts, *parameter.secondary_opts]))


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    if parameter.default is None or parameter.default == "":
        return "–"
    if isinstance(parameter.default, bool):
        return "on" if parameter.default else "off"
    return f"`{parameter.default}`"


def _rows(section: str) -> dict[tuple[str, ...], tuple[str, str]]:
    table = section.partition("| option | default | meaning |")[2].partition("\n\n")[0]
    found = [
        (tuple(sorted(re.findall(r"`([\w-]+)`", names))), (default, meaning))
        for names, default, meaning in _ROW.findall(table)
    ]
    assert len({names for names, _ in found}) == len(found)
    return dict(found)


def _examples(section: str) -> list[list[str]]:
    blocks = re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    words = [shlex.split(line) for line in lines]
    return [line[line.index("logboom") + 1 :] for line in words]


def test_every_command_has_a_section_and_no_other_exists() -> None:
    assert list(SECTIONS) == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_documented_as_it_is(name: str) -> None:
    wanted = {_names(p): (_default(p), p.help) for p in COMMANDS[name].params}
    assert wanted
    assert _rows(SECTIONS[name]) == wanted


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_used_in_an_example(name: str) -> None:
    examples = _examples(SECTIONS[name])
    assert examples
    used = {word for example in examples for word in example}
    for parameter in COMMANDS[name].params:
        if parameter.param_type_name == "option":
            assert used & set(_names(parameter)), parameter.name


@pytest.mark.parametrize(
    ("command", "words"),
    [(name, e) for name in COMMANDS if name != "logboom" for e in _examples(SECTIONS[name])],
)
def test_every_example_is_understood(command: str, words: list[str]) -> None:
    count = command.count(" ")
    assert " ".join(["logboom", *words[:count]]) == command
    context = COMMANDS[command].make_context(words[count - 1], words[count:])
    assert set(context.params) == {p.name for p in COMMANDS[command].params if p.expose_value}


def test_nothing_is_hidden_and_the_usual_address_is_right() -> None:
    for command in COMMANDS.values():
        assert not any(getattr(p, "hidden", False) for p in command.params)
    asking = [p for command in COMMANDS.values() for p in command.params if "--url" in p.opts]
    assert PAGE.count(f"`{DEFAULT_URL}`") == len(asking)
