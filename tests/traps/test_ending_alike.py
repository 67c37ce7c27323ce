"""Lines that all end alike, as JSON with its service at the end: the last bytes tell nothing apart."""

from __future__ import annotations

import gzip
import os
import shutil
from pathlib import Path

import pytest

from tests.traps.conftest import Make
from tests.traps.shipping import Shipping

ENDING = "service=checkout environment=production host=web-01.example.com version=1.2.3 region=eu-1"
LINE = "2026-11-21T06:24:28.{:03d}Z INFO shop - number={:06d} " + ENDING + "\n"


def lines(first: int, last: int) -> str:
    return "".join(LINE.format(number % 1000, number) for number in range(first, last))


def append(log: Path, first: int, last: int) -> None:
    with log.open("a", encoding="utf-8") as file:
        file.write(lines(first, last))


def numbers(shipping: Shipping) -> list[int]:
    return sorted(int(text.partition("number=")[2][:6]) for text in shipping.texts())


def shift(log: Path) -> None:
    """Each rotated file takes the next number."""
    for path in sorted(log.parent.glob(f"{log.name}.*"), reverse=True):
        number, dot, ending = path.name.removeprefix(f"{log.name}.").partition(".")
        path.rename(log.with_name(f"{log.name}.{int(number) + 1}{dot}{ending}"))


def copy_and_truncate(log: Path) -> Path:
    shift(log)
    copy = log.with_name(f"{log.name}.1")
    shutil.copyfile(log, copy)
    os.truncate(log, 0)
    return copy


def compress(path: Path) -> None:
    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    path.unlink()


@pytest.mark.parametrize("open_files", [1, 512])
@pytest.mark.parametrize("is_down", [True, False])
def test_truncated_and_grown_past_the_old_place(
    make: Make, log: Path, open_files: int, is_down: bool
) -> None:
    append(log.with_name("other.log"), 500, 501)
    append(log, 0, 30)
    shipping = make(open_files=open_files)
    shipping.look()
    with shipping.unwatched(is_down=is_down):
        log.write_text(lines(100, 160))
    shipping.look()
    assert numbers(shipping) == [*range(30), *range(100, 160), 500]


@pytest.mark.parametrize("pattern", ["app.log", "app.log*"])
@pytest.mark.parametrize("is_down", [True, False])
def test_copied_truncated_and_compressed_beside_an_older_one(
    make: Make, log: Path, pattern: str, is_down: bool
) -> None:
    """The older one is longer, and decided on sooner."""
    shipping = make(pattern)
    append(log, 0, 60)
    shipping.look()
    compress(copy_and_truncate(log))
    append(log, 100, 130)
    shipping.look(passing_s=600)
    append(log, 130, 140)
    if is_down:
        shipping.stop()
    compress(copy_and_truncate(log))
    packed = log.with_name("app.log.1.gz")
    whole = packed.read_bytes()
    append(log, 200, 205)
    if is_down:
        shipping.start()
    else:
        packed.write_bytes(whole[:-1])
        shipping.look()
        packed.write_bytes(whole)
    for _ in range(2):
        shipping.look()
    assert numbers(shipping) == [*range(60), *range(100, 140), *range(200, 205)]


@pytest.mark.parametrize("is_down", [True, False])
def test_renamed_and_deleted_by_turns(make: Make, log: Path, is_down: bool) -> None:
    shipping = make("app.log*")
    expected: list[int] = []
    for turn in range(5):
        first = turn * 100
        append(log, first, first + 20)
        shipping.look()
        append(log, first + 20, first + 40 + turn)
        expected += range(first, first + 40 + turn)
        with shipping.unwatched(is_down=is_down):
            shift(log)
            log.rename(log.with_name("app.log.1"))
            append(log, first + 50, first + 51 + turn)
            expected += range(first + 50, first + 51 + turn)
        shipping.look()
        log.with_name("app.log.3").unlink(missing_ok=True)
    assert numbers(shipping) == expected
