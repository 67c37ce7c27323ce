"""Which files are read, which are not, and why."""

from __future__ import annotations

import lzma
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from logboom.config import Config, FileInput
from shipper.files.copies import Beginnings, Families
from shipper.files.discovery import find_files, folders_of, unmatched
from shipper.files.followed import FollowedFile, ReadState
from shipper.files.identity import fingerprint
from shipper.files.kinds import why_binary
from shipper.files.names import is_rotated_name, root_name
from shipper.trying import NOTHING_YET, readable_files


def found(path: Path) -> list[str]:
    return sorted(str(Path(p).name) for p, _ in find_files(FileInput(path=[str(path)])))


def test_a_link_to_its_own_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("a\n")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.log").write_text("b\n")
    (tmp_path / ".hidden.log").write_text("h\n")
    (tmp_path / "linked.log").symlink_to(tmp_path / "sub" / "b.log")
    files = [path for path, _ in find_files(FileInput(path=[str(tmp_path)]))]
    assert len(files) == 2
    assert {Path(path).name for path in files} <= {"a.log", "b.log", "linked.log"}


def test_a_file_of_several_names_is_found_once(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("a\n")
    os.link(tmp_path / "a.log", tmp_path / "b.log")
    assert len(found(tmp_path / "*.log")) == 1


def test_a_name_that_is_no_utf8_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("a\n")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/b\xff.log")).write_text("b\n")
    assert found(tmp_path / "*.log") == ["a.log"]
    told = dict(readable_files(Config(inputs=[FileInput(path=[str(tmp_path)])])))
    assert "UTF-8" in told[rf"{tmp_path}/b\xff.log"]


@pytest.fixture
def other_user() -> Iterator[Path]:
    """A folder that a user without rights may enter; root is that user meanwhile."""
    mine = os.geteuid()
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        closed = Path(name) / "closed"
        closed.mkdir()
        (closed / "a.log").write_text("a\n")
        closed.chmod(0)
        if mine == 0:
            os.seteuid(65534)
        try:
            yield Path(name)
        finally:
            os.seteuid(mine)
            closed.chmod(0o700)


@pytest.mark.parametrize("pattern", ["", "*/*.log", "closed/*.log"])
def test_a_folder_that_may_not_be_entered_is_told(other_user: Path, pattern: str) -> None:
    told: dict[str, str] = {}
    section = FileInput(path=[str(other_user / pattern)])
    assert not list(find_files(section, told.__setitem__))
    assert "may not be read or entered" in told[str(other_user / "closed")]


def test_a_path_that_names_nothing_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("a\n")
    section = FileInput(path=[str(tmp_path / "*.log"), str(tmp_path / "typo.log")])
    assert unmatched(section) == [str(tmp_path / "typo.log")]
    verdicts = dict(readable_files(Config(inputs=[section])))
    assert verdicts[str(tmp_path / "typo.log")] == NOTHING_YET
    assert verdicts[str(tmp_path / "a.log")] == "would be read, 2 bytes"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (lzma.compress(b"text"), "xz"),
        ("text".encode("utf-16-le"), "encoding: utf-16-le"),
        (b"\x7fELF\x02", "program"),
        (b"a\0b\0c\0d\0" * 50, "no text"),
    ],
)
def test_what_is_no_log_is_not_read_and_says_why(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    file = FollowedFile(str(path), 0)
    reading = file.read(4096)
    file.close()
    assert reading.state is ReadState.BINARY
    assert why in reading.detail


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 500 + b"text", b"a line before\n" * 9 + b"\0\0\0\0\nafter\n", b"\xff"]
)
def test_a_log_with_some_strange_bytes_is_read(content: bytes) -> None:
    assert why_binary(content) is None


KOREAN = "2026-11-21 15:24:28 오류 결제 서버에 연결할 수 없습니다: 시간 초과\n"
GERMAN = "2026-11-21 15:24:28 FEHLER Größe überschritten, Schlüssel ungültig: ÄÖÜ ß\n"
JAPANESE = "2026-11-21 15:24:28 エラー 決済サーバーに接続できません\n"
COLOURED = "\x1b[32mINFO\x1b[0m \x1b[2mshop\x1b[0m \x1b[1;34m->\x1b[0m paid\x1b[K\n"


@pytest.mark.parametrize(
    "content",
    [
        KOREAN.encode("euc-kr") * 40,
        GERMAN.encode("latin-1") * 40,
        JAPANESE.encode("shift_jis") * 40,
        JAPANESE.encode("euc-jp") * 40,
        COLOURED.encode() * 60,
        b"8=FIX.4.4\x0135=D\x0149=SHOP\x0156=BANK\x0111=order-17\x0155=EUR/USD\x01\n" * 90,
        bytes(range(1, 256)) * 3 + b"\n" + KOREAN.encode() * 60,
        b"\x01\x02\x03\x04\x05" * 90,
    ],
)
def test_text_in_any_encoding_with_colours_or_a_garbled_beginning_is_read(content: bytes) -> None:
    assert why_binary(content) is None


@pytest.mark.parametrize("size", [1024, 4096, 100_000])
def test_random_bytes_are_no_log(size: int) -> None:
    assert why_binary(b"\xe3" + Random(size).randbytes(size)) == "it is no text"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", "it is a PDF document"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01", "it is a picture"),
        (b"GIF89a\x01\x00\x01\x00", "it is a picture"),
    ],
)
def test_known_kinds_are_named(content: bytes, kind: str) -> None:
    assert why_binary(content) == kind


def test_a_rotated_name_leads_to_its_log_among_thousands_and_to_no_other() -> None:
    families = Families[int]()
    logs = [
        "/l/app.log",
        "/l/app",
        "/l/api.log",
        "/m/app.log",
        *(f"/l/x{n}.log" for n in range(5000)),
    ]
    for number, family in enumerate(logs):
        families.add(family, number)
    assert list(families.of("/l/app.log.1")) == [0]
    assert sorted(families.of("/l/app-2026-11-21.log")) == [0]
    assert list(families.of("/m/app.log-20261121")) == [3]
    assert list(families.of("/l/app.1")) == [1]
    assert list(families.of("/l/app.log")) == []
    families.discard("/l/app.log", 0)
    assert list(families.of("/l/app.log.1")) == []


@pytest.mark.parametrize(
    "name",
    [
        "app.log.2026-11-22T08:00:00", "app.log.2026-11-22T08:00:00Z", "app.log-2026-11-22T08:00:00.5+01:00.gz",
        "app.log-22Nov2026.gz", "app-Nov-22-2026.log", "app.log.22-Nov-2026", "app-20261122T080000Z.log.zst",
        "app.log.1", "app.log-20261122", "app.log.old.2",
    ],
)  # fmt: skip
def test_times_as_people_and_programs_write_them_are_what_rotation_puts_into_names(
    name: str,
) -> None:
    assert is_rotated_name("app.log", name)
    assert root_name(name) == "app.log"


@pytest.mark.parametrize(
    "name",
    [
        "app.log.Z", "app-May.log", "app-Marshall.log", "app.log.Nov", "app.log.idx", "app-web1.log",
        "app.log_old", "applog2026",
    ],
)  # fmt: skip
def test_letters_that_are_no_time_are_not_what_rotation_puts_into_names(name: str) -> None:
    assert not is_rotated_name("app.log", name)


class Bytes:
    """Content that is at hand."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def pread(self, length: int, offset: int) -> bytes:
        return self._data[offset : offset + length]

    def size(self) -> int:
        return len(self._data)

    def next_data(self, offset: int) -> int:
        return offset

    def forget(self) -> None:
        """There is nothing to forget."""


def test_those_that_begin_alike_are_found_under_any_name_unless_that_tells_nothing() -> None:
    beginnings = Beginnings[int]()
    text = b"2026-11-22 08:00:00 started\n" * 50
    beginnings.add("/l/app.log", fingerprint(text[:1024]), 0)
    beginnings.add("/l/app.log.1", fingerprint(b""), 1)
    beginnings.add("/m/web.log", fingerprint(text[:300]), 2)
    beginnings.add("/m/web.log.1", fingerprint(b""), 3)
    beginnings.add("/m/web.log.2", fingerprint(b"another one begins as it likes"), 4)
    assert beginnings.of("/l/app.log.2.gz", Bytes(text)) == ([1, 0], [2, 3])
    assert beginnings.of("/x/y.gz", Bytes(text)) == ([], [0, 2, 1, 3])
    for number in range(5, 70):
        beginnings.add(f"/n/{chr(200 + number)}.log", fingerprint(text[:500]), number)
    assert beginnings.of("/l/app.log.2.gz", Bytes(text)) == ([1, 0], [3])
    for number in range(5, 70):
        beginnings.discard(f"/n/{chr(200 + number)}.log", fingerprint(text[:500]), number)
    assert beginnings.of("/x/y.gz", Bytes(text)) == ([], [0, 2, 1, 3])
    assert beginnings.has_any("/l/app.log.3.gz")
    beginnings.discard("/l/app.log", fingerprint(text[:1024]), 0)
    beginnings.discard("/l/app.log.1", fingerprint(b""), 1)
    assert not beginnings.has_any("/l/app.log.3.gz")


@pytest.mark.parametrize("pattern", ["**", "**/*"])
def test_two_stars_cross_folders(tmp_path: Path, pattern: str) -> None:
    for name in ("a.log", "b/c.log", "b/d/e.log", ".f/g.log"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    section = FileInput.model_validate({"kind": "file", "path": str(tmp_path / pattern)})
    found = [str(Path(path).relative_to(tmp_path)) for path, _ in find_files(section)]
    assert sorted(found) == ["a.log", "b/c.log", "b/d/e.log"]
    assert folders_of(section) == {str(tmp_path / name) for name in ("", "b", "b/d")}
