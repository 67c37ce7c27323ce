"""Whatever keeps a file from being read is named, and what does not is not blamed."""

from __future__ import annotations

import gzip
import json
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from logboom.cli.app import make_app
from logboom.cli.remembered import remember_inputs
from logboom.config import Config, FileInput
from logboom.status import DamagedFile, LossStatus, ServiceStatus, SourceStatus
from shipper.files.identity import fingerprint, take_guard
from shipper.registry.registry import Registry, SourceRecord
from shipper.trying import readable_files
from shipper.why import Explanation, Told, explain

Ask = Callable[..., Explanation]


def shipper(**changes: Any) -> ServiceStatus:
    facts: dict[str, Any] = {
        "service": "shipper", "instance": "node-7", "pid": 7, "host": "node-7", "version": "1",
        "started_ns": 0, "at_ns": 0, "state": "running",
    }  # fmt: skip
    return ServiceStatus(**{**facts, **changes})


def source(path: str, **changes: Any) -> SourceStatus:
    facts: dict[str, Any] = {
        "source": "s", "shipper": "node-7", "run": "r", "path": path, "at_ns": 0, "state": "idle",
        "read_offset": 20, "acked_offset": 10,
    }  # fmt: skip
    return SourceStatus(**{**facts, **changes})


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "app.log").write_text("2026-11-21T06:24:28Z INFO shop - line\n" * 3)
    return folder


@pytest.fixture
def ask(tmp_path: Path, logs: Path) -> Ask:
    def ask(path: Path | str, *inputs: dict[str, Any], told: Told | None = None) -> Explanation:
        sections = [FileInput(**section) for section in inputs]
        config = Config(
            data=tmp_path / "data", inputs=sections or [FileInput(path=[str(logs / "*.log")])]
        )
        alive = Told([shipper()], [source(str(path))]) if told is None else told
        return explain(str(path), config.inputs, config.data, alive)

    return ask


def troubles(found: Explanation) -> str:
    return " / ".join(f.sentence for f in found.findings if f.mark == "trouble")


def notes(found: Explanation) -> str:
    return " / ".join(f.sentence for f in found.findings if f.mark == "note")


def test_a_file_that_is_read(ask: Ask, logs: Path) -> None:
    found = ask(logs / "app.log")
    assert (found.is_read, troubles(found)) == (True, "")
    said = " / ".join(finding.sentence for finding in found.findings)
    assert "input 1 names it" in said
    assert "3 of the first 3 lines" in said
    assert "service 'app'" in said
    assert "read to byte 20, acknowledged to 10" in said


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("appp.log", "did you mean"),
        ("no/where/app.log", "there is no folder"),
        ("", "it is a folder"),
        ("dangling", "and nothing is there"),
        ("pipe", "it is a pipe"),
        ("packed.log", "compressed"),
        ("program.log", "it is a program"),
    ],
)
def test_what_can_never_be_read_is_named(ask: Ask, logs: Path, name: str, sentence: str) -> None:
    (logs / "dangling").symlink_to(logs / "gone")
    os.mkfifo(logs / "pipe")
    (logs / "packed.log").write_bytes(b"\xfd7zXZ\0 compressed")
    (logs / "program.log").write_bytes(b"\x7fELF" + bytes(100))
    found = ask(logs / name)
    assert not found.is_read
    assert sentence in troubles(found)


@pytest.mark.parametrize(
    ("path", "more", "sentence"),
    [
        ("app.log.1", {}, "'app.log.1' does not match '*.log'; *.log* would match it"),
        ("below/app.log", {}, "/**/*.log for all folders below"),
        ("app.log", {"exclude": ["*.gz", "app*"]}, "`exclude` has 'app*'"),
        (".hidden.log", {}, "hidden files"),
        ("other.txt", {}, "does not match '*.log'"),
    ],
)
def test_why_no_input_names_it(
    ask: Ask, logs: Path, path: str, more: dict[str, Any], sentence: str
) -> None:
    (logs / path).parent.mkdir(exist_ok=True)
    (logs / path).write_text("2026-11-21T06:24:28Z INFO shop - line\n")
    found = ask(logs / path, {"path": [str(logs / "*.log")], **more})
    assert sentence in troubles(found)


def test_a_rotated_sibling_is_recognised(ask: Ask, logs: Path) -> None:
    (logs / "app.log.1").write_text("INFO old\n")
    assert "rotated app.log" in notes(ask(logs / "app.log.1"))


def test_another_name_of_a_file_that_is_read(ask: Ask, logs: Path) -> None:
    os.link(logs / "app.log", logs / "hard.txt")
    found = ask(logs / "hard.txt")
    assert "under its other name" in notes(found)
    assert "2 names (hard links)" in notes(found)


def test_an_empty_file_is_read(ask: Ask, logs: Path) -> None:
    (logs / "new.log").write_text("")
    found = ask(logs / "new.log")
    assert found.is_read
    assert "it is empty" in notes(found)


def test_the_encoding_of_the_input_and_compressed_content_are_minded(
    ask: Ask, logs: Path, tmp_path: Path
) -> None:
    wide, packed = logs / "wide.log", logs / "packed.log"
    text = b"2026-11-21T06:24:28Z INFO shop - line\n" * 3
    wide.write_bytes(text.decode().encode("utf-16-le"))
    packed.write_bytes(gzip.compress(text))
    section = {"path": [str(logs)], "encoding": "utf-16-le"}
    config = Config(inputs=[FileInput(path=[str(wide)], encoding="utf-16-le")])
    assert [verdict for _, verdict in readable_files(config)] == [
        f"would be read, {2 * len(text)} bytes"
    ]
    registry = Registry(tmp_path / "data" / "shipper" / "registry.db")
    registry.put([SourceRecord("p", str(packed), str(packed), 1, 1, 0, 114, b"", b"", 0)])
    registry.close()
    for found in (ask(wide, section), ask(packed)):
        said = " / ".join(finding.sentence for finding in found.findings)
        assert (found.is_read, troubles(found)) == (True, "")
        assert "3 of the first 3 lines" in said
    assert "byte 114: everything is durable" in said


def test_a_compressed_file_that_is_cut_off_or_damaged_says_so(ask: Ask, logs: Path) -> None:
    whole = gzip.compress(b"2026-11-21T06:24:28Z INFO shop - line\n" * 3)
    (logs / "half.log.gz").write_bytes(whole[:-9])
    (logs / "bad.log.gz").write_bytes(whole[:-8] + bytes(8))
    section = {"path": [str(logs)]}
    assert "its end is missing" in troubles(ask(logs / "half.log.gz", section))
    assert "gzip: " in troubles(ask(logs / "bad.log.gz", section))


def test_no_shipper_or_one_that_waits_is_the_reason(ask: Ask, logs: Path) -> None:
    path = logs / "app.log"
    assert "no shipper runs" in troubles(ask(path, told=Told()))
    waiting = shipper(state="waiting", waiting_for="the disk is full")
    assert "waits: the disk is full" in troubles(ask(path, told=Told([waiting], [])))
    unaware = ask(path, told=Told([shipper()], []))
    assert "no running shipper tells of this file" in troubles(unaware)
    unknown = ask(path, told=Told(trouble="Kafka does not answer"))
    assert unknown.is_read
    assert "Kafka does not answer" in notes(unknown)


def test_the_shippers_own_word_counts(ask: Ask, logs: Path) -> None:
    path = str(logs / "app.log")
    told = Told([shipper()], [source(path, state="unreadable", detail="Permission denied")])
    assert "says unreadable: Permission denied" in troubles(ask(path, told=told))


@pytest.mark.parametrize("how", ["damaged", "errors"])
def test_what_the_shipper_says_of_a_file_that_it_cannot_read_counts(
    ask: Ask, logs: Path, how: str
) -> None:
    path = logs / "app.log"
    file = DamagedFile(path=str(path), bytes=9, reason="gzip: it is wrong", at_ns=0)
    other = DamagedFile(path="/b.gz", bytes=9, reason="another", at_ns=0)
    errors = (f"{path} cannot be read: gzip: it is wrong",)
    alive = shipper(damaged=(other, file)) if how == "damaged" else shipper(errors=errors)
    said = troubles(ask(path, told=Told([alive], [])))
    assert "the shipper says that it cannot be read: gzip: it is wrong" in said
    assert "no running shipper" not in said


@pytest.fixture
def registry(tmp_path: Path, logs: Path) -> Iterator[Registry]:
    """In use, as by a shipper that runs."""
    opened = Registry(tmp_path / "data" / "shipper" / "registry.db")
    path = str(logs / "app.log")
    opened.put([SourceRecord("s", path, path, 1, 1, 2, 76, b"", b"", 0)])
    yield opened
    opened.close()


def test_the_registry_is_asked_beside_a_shipper_that_runs(
    ask: Ask, logs: Path, registry: Registry
) -> None:
    loss = LossStatus(
        source="s", shipper="node-7", run="r", path="x", lines=4, bytes=99, days={},
        reason="its file was deleted", at_ns=0,
    )  # fmt: skip
    path = logs / "app.log"
    found = ask(path, told=Told([shipper()], [source(str(path))], [loss]))
    assert found.read_to == 76
    assert "byte 76 of 114: 38 are left" in notes(found)
    assert "4 lines (99 bytes) could not be sent again" in notes(found)
    path.write_text("short\n")
    assert "it was cut short or replaced" in notes(ask(path))


def test_the_registry_is_asked_when_nobody_uses_it_and_nothing_is_written(
    ask: Ask, logs: Path, tmp_path: Path
) -> None:
    registry = Registry(tmp_path / "data" / "shipper" / "registry.db")
    path = str(logs / "app.log")
    registry.put([SourceRecord("s", path, path, 1, 1, 2, 76, b"", b"", 0)])
    registry.close()
    before = sorted(path.name for path in (tmp_path / "data" / "shipper").iterdir())
    assert ask(logs / "app.log").read_to == 76
    assert sorted(path.name for path in (tmp_path / "data" / "shipper").iterdir()) == before


@pytest.mark.parametrize("known_as", ["app.log", "app.log.1"])
def test_a_rotated_file_that_was_read_belongs_to_its_log(
    known_as: str, ask: Ask, logs: Path, tmp_path: Path
) -> None:
    family, rotated = logs / "app.log", logs / "app.log.1"
    family.rename(rotated)
    family.write_text("2026-11-21T06:24:29Z INFO shop - new\n")
    text, where = rotated.read_bytes(), rotated.stat()
    registry = Registry(tmp_path / "data" / "shipper" / "registry.db")
    registry.put([
        SourceRecord(
            id="old", path=str(logs / known_as), family=str(family), device=where.st_dev,
            inode=where.st_ino, epoch=0, offset=len(text), prefix=fingerprint(text),
            guard=take_guard(text), changed_ns=1,
        )
    ])  # fmt: skip
    registry.close()
    found = ask(rotated, told=Told([shipper()], []))
    assert (found.is_read, found.read_to, troubles(found)) == (True, len(text), "")
    said = " / ".join(finding.sentence for finding in found.findings)
    assert f"it was {family} when it was read, which input 1 names" in said


def test_a_damaged_registry_is_told(ask: Ask, logs: Path, tmp_path: Path) -> None:
    (tmp_path / "data" / "shipper").mkdir(parents=True)
    (tmp_path / "data" / "shipper" / "registry.db").write_text("no database" * 1000)
    assert "registry.db cannot be read" in notes(ask(logs / "app.log"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(ask: Ask, logs: Path) -> None:
    (logs / "app.log").chmod(0)
    assert "may not read it" in troubles(ask(logs / "app.log"))


def test_a_name_that_is_no_text(ask: Ask, logs: Path) -> None:
    path = os.fsdecode(os.fsencode(logs / "bad") + b"\xff.log")
    Path(path).write_text("a line\n")
    Registry(logs.parent / "data" / "shipper" / "registry.db").close()
    found = ask(Path(path))
    assert "its name is not in UTF-8: rename it" in troubles(found)
    assert "input 1 names its place" in notes(found)


def test_a_socket_is_no_file(ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("s")
        assert "it is a socket" in troubles(ask(tmp_path / "s"))


def test_on_the_terminal_it_fits_into_80_columns(logs: Path, tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text(json.dumps({"data": str(tmp_path / "d"), "inputs": [{"path": str(logs)}]}))
    words = ["why", str(logs / "app.log"), "-c", str(config)]
    done = CliRunner().invoke(make_app(), words)
    assert done.exit_code == 1
    assert "not read: no shipper runs" in done.output
    assert max(map(len, done.output.splitlines()[1:])) <= 80
    told = json.loads(CliRunner().invoke(make_app(), [*words, "--json"]).output)
    assert told["is_read"] is False
    assert {"check", "mark", "sentence"} == set(told["findings"][0])
    assert not (tmp_path / "d").exists()


def test_several_files_are_told_of_one_after_the_other(logs: Path, tmp_path: Path) -> None:
    both = ["why", str(logs / "app.log"), str(logs / "none.log"), "--data", str(tmp_path)]
    several = CliRunner().invoke(make_app(), [*both, "--json"])
    answers = [json.loads(line) for line in several.stdout.splitlines()]
    assert [answer["path"] for answer in answers] == both[1:3]
    assert several.exit_code == 1
    pages = CliRunner().invoke(make_app(), both).stdout.split("\n\n")
    assert ["not read: there is nothing" in page for page in pages] == [False, True]


def test_without_a_configuration_the_inputs_of_the_last_up_are_known(
    logs: Path, tmp_path: Path
) -> None:
    secret = FileInput(path=[str(logs / "*.txt")], fields={"token": "correct-horse"})
    config = Config(data=tmp_path / "d", inputs=[secret])
    words = ["why", str(logs / "app.log"), "--data", str(config.data)]
    assert "its inputs are not known" in " ".join(
        CliRunner().invoke(make_app(), words).output.split()
    )
    config.data.mkdir()
    remember_inputs(config)
    said = " ".join(CliRunner().invoke(make_app(), words).output.split())
    assert "does not match '*.txt'" in said
    assert "correct-horse" not in "".join(path.read_text() for path in config.data.iterdir())


def test_a_file_with_the_inode_of_another_source_is_not_known(
    ask: Ask, logs: Path, tmp_path: Path
) -> None:
    gone, reused, renamed = logs / "gone.log", logs / "reused.log", logs / "renamed.log"
    registry = Registry(tmp_path / "data" / "shipper" / "registry.db")
    for name, path in (("other", reused), ("same", renamed)):
        text = f"2026-11-21T06:24:28Z INFO shop - this was read of {name}\n".encode()
        path.write_bytes(text)
        where = path.stat()
        registry.put([
            SourceRecord(
                id=name, path=str(gone), family=str(gone), device=where.st_dev,
                inode=where.st_ino, epoch=0, offset=len(text), prefix=fingerprint(text),
                guard=take_guard(text), changed_ns=1,
            )
        ])  # fmt: skip
    registry.close()
    reused.write_text("2026-11-21T06:24:29Z INFO shop - something else\n" * 9)
    assert "the shipper's registry does not know it" in notes(ask(reused))
    assert ask(renamed).read_to == renamed.stat().st_size
