"""What is known of a compressed file is known of that file, whatever its name is."""

from __future__ import annotations

import gzip
from contextlib import closing
from pathlib import Path

import zstandard

from shipper.files.followed import FollowedFile
from shipper.files.surveys import Surveys, Wholeness

SHORT, LONG = b"a line\n" * 10, b"another line\n" * 1000


def packed(path: Path, text: bytes) -> Path:
    path.write_bytes(gzip.compress(text))
    return path


def test_a_file_that_took_over_a_name_has_its_own_length(tmp_path: Path) -> None:
    surveys = Surveys(lambda: 0.0)
    first, second = packed(tmp_path / "app.log.1.gz", LONG), packed(tmp_path / "new", SHORT)
    verdict, _ = surveys.ask(str(first), first.stat(), at_once=True)
    assert verdict is Wholeness.WHOLE
    with closing(FollowedFile(str(first), 0)) as file:
        assert surveys.text_bytes(file) == len(LONG)
    second.rename(first)
    with closing(FollowedFile(str(first), 0)) as file:
        assert surveys.text_bytes(file) == 0
        surveys.ask(str(first), first.stat(), at_once=True)
        assert surveys.text_bytes(file) == len(SHORT)


def test_of_a_file_that_nobody_asked_about_nothing_is_known(tmp_path: Path) -> None:
    path = packed(tmp_path / "app.log.1.gz", LONG)
    with closing(FollowedFile(str(path), 0)) as file:
        assert Surveys(lambda: 0.0).text_bytes(file) == 0


def test_a_small_file_that_was_made_of_much_is_looked_through_in_the_thread(tmp_path: Path) -> None:
    surveys, path = Surveys(lambda: 0.0), tmp_path / "app.log.2.zst"
    path.write_bytes(zstandard.compress(bytes(2**25) + LONG))
    assert path.stat().st_size < 2**16
    verdict, reason = surveys.ask(str(path), path.stat(), at_once=False)
    assert (verdict, reason) == (Wholeness.UNKNOWN, ""), "the loop waited for all of it"
    with closing(surveys):
        while verdict is Wholeness.UNKNOWN:
            verdict, _ = surveys.ask(str(path), path.stat(), at_once=False)
    assert verdict is Wholeness.WHOLE
    with closing(FollowedFile(str(path), 0)) as file:
        assert surveys.text_bytes(file) == 2**25 + len(LONG)
