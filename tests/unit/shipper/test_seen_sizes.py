"""What was seen of a file counts for its copy only as far as it was surely the same content."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from shipper.files.followed import FollowedFile, ReadState

OLD, NEW = b"an old line\n" * 6, b"something quite different\n" * 20


def test_what_came_after_a_truncation_is_not_taken_for_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(OLD)
    with closing(FollowedFile(str(path), 0)) as file:
        assert file.read(1000).data == OLD
        assert file.read(1000).state is ReadState.END
        path.write_bytes(NEW)
        assert file.may_have_news()
        assert file.read(1000).state is ReadState.REPLACED
        assert file.surely_to == len(OLD)
        assert file.unread_to == len(NEW)


def test_what_was_seen_before_a_read_that_found_the_old_content_is_sure(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(OLD)
    with closing(FollowedFile(str(path), 0)) as file:
        assert file.read(30).data == OLD[:30]
        assert file.may_have_news()
        assert file.read(10).data == OLD[30:40]
        path.write_bytes(NEW)
        assert file.read(10).state is ReadState.REPLACED
        assert file.surely_to == len(OLD)


def test_room_that_was_set_apart_is_no_content(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(OLD + bytes(16_384))
    with closing(FollowedFile(str(path), 0)) as file:
        assert file.read(100_000).data == OLD
        assert file.read(100_000).state is ReadState.END
        path.write_bytes(NEW)
        assert file.read(100_000).state is ReadState.REPLACED
        assert file.surely_to == len(OLD)
