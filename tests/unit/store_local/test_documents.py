"""The files of a day's events: what was synced can be read, whatever lies behind it."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from logboom.errors import StoreDamaged
from logboom.store.local import dictionary
from logboom.store.local.blocks import (
    BLOCK_BYTES,
    BLOCK_EVENTS,
    BlockPlace,
    has_block_after,
    read_block,
)
from logboom.store.local.document_reader import DocumentReader
from logboom.store.local.documents import DATA_NAME, DIRECTORY_NAME, DocumentWriter


def lines(count: int, first: int = 0) -> list[bytes]:
    dice = random.Random(first)
    return [
        b'{"message":"event %d of many, with some text %x","level":"info"}'
        % (number, dice.getrandbits(64))
        for number in range(first, first + count)
    ]


def opened(folder: Path, trusted: int = 0) -> DocumentWriter:
    writer = DocumentWriter(folder)
    writer.cut_unfinished(trusted)
    return writer


def written(folder: Path, *counts: int) -> list[bytes]:
    """Writes some appends; gives all their lines."""
    writer = opened(folder)
    everything: list[bytes] = []
    for count in counts:
        some = lines(count, len(everything))
        writer.append(some)
        everything += some
    writer.sync()
    writer.close()
    return everything


def all_of(folder: Path) -> list[bytes]:
    writer = opened(folder)
    found = [line for _, line in writer.read_from(0)]
    writer.close()
    return found


@pytest.mark.parametrize("count", [1, BLOCK_EVENTS - 1, BLOCK_EVENTS, BLOCK_EVENTS + 1, 1000])
def test_events_are_read_back_by_their_numbers(tmp_path: Path, count: int) -> None:
    everything = written(tmp_path, count, 3, count)
    reader = DocumentReader(tmp_path)
    numbers = list(range(len(everything)))
    random.Random(1).shuffle(numbers)
    assert reader.read(numbers) == [everything[number] for number in numbers]
    assert reader.count() == len(everything)


def test_a_reader_follows_a_writer(tmp_path: Path) -> None:
    writer = opened(tmp_path)
    writer.append(lines(40))
    reader = DocumentReader(tmp_path)
    assert reader.count() == 40
    writer.append(lines(5000, 40))
    assert reader.read([4321]) == lines(5000, 40)[4281:4282]
    assert isinstance(reader.read([5040])[0], StoreDamaged)
    writer.close()


def test_writing_goes_on_after_reopening(tmp_path: Path) -> None:
    first = written(tmp_path, 100)
    writer = opened(tmp_path, trusted=100)
    assert writer.count == 100
    writer.append(lines(7, 100))
    assert [line for _, line in writer.read_from(98)] == first[98:] + lines(7, 100)
    writer.close()


def test_large_events_end_their_block(tmp_path: Path) -> None:
    writer = opened(tmp_path)
    large = [os.urandom(BLOCK_BYTES).hex().encode() for _ in range(5)]
    writer.append([*large, *lines(3)])
    writer.close()
    reader = DocumentReader(tmp_path)
    assert reader.read([4, 0, 7]) == [large[4], large[0], lines(3)[2]]
    assert len((tmp_path / DIRECTORY_NAME).read_bytes()) == 6 * 8


@pytest.mark.parametrize("cut", [1, 10, 24, 25, 200])
def test_a_torn_end_is_cut_off(tmp_path: Path, cut: int) -> None:
    everything = written(tmp_path, 64, BLOCK_EVENTS)
    size = (tmp_path / DATA_NAME).stat().st_size
    os.truncate(tmp_path / DATA_NAME, size - cut)
    assert all_of(tmp_path) == everything[:64]
    writer = opened(tmp_path)
    writer.append(lines(3, 64))
    writer.close()
    assert all_of(tmp_path) == everything[:64] + lines(3, 64)


@pytest.mark.parametrize("garbage", [b"\0" * 4096, b"LBD1" + b"\xff" * 60, b"x"])
def test_garbage_at_the_end_is_cut_off(tmp_path: Path, garbage: bytes) -> None:
    everything = written(tmp_path, 64)
    with (tmp_path / DATA_NAME).open("ab") as file:
        file.write(garbage)
    assert all_of(tmp_path) == everything


def test_a_flipped_bit_in_the_last_block_is_a_torn_end(tmp_path: Path) -> None:
    everything = written(tmp_path, 64, BLOCK_EVENTS)
    flip(tmp_path / DATA_NAME, (tmp_path / DATA_NAME).stat().st_size - 5)
    assert all_of(tmp_path) == everything[:64]


def test_damage_in_the_middle_is_no_torn_end(tmp_path: Path) -> None:
    everything = written(tmp_path, 64, BLOCK_EVENTS)
    flip(tmp_path / DATA_NAME, 100)
    with pytest.raises(StoreDamaged, match="in the middle"):
        opened(tmp_path)
    unreadable, readable = DocumentReader(tmp_path).read([3, 70])
    assert isinstance(unreadable, StoreDamaged)
    assert readable == everything[70]


def test_events_that_must_be_there_and_are_not_are_damage(tmp_path: Path) -> None:
    written(tmp_path, 64)
    with pytest.raises(StoreDamaged):
        opened(tmp_path, trusted=65)


@pytest.mark.parametrize("directory", [None, b"", b"\0" * 16, b"\x01" * 12, "cut", "too long"])
def test_the_directory_is_made_again_when_it_is_missing_or_wrong(
    tmp_path: Path, directory: bytes | str | None
) -> None:
    everything = written(tmp_path, 64, 32, 7)
    path = tmp_path / DIRECTORY_NAME
    right = path.read_bytes()
    if directory is None:
        path.unlink()
    elif isinstance(directory, bytes):
        path.write_bytes(directory)
    else:
        path.write_bytes(right[:11] if directory == "cut" else right + right[-8:])
    reader = DocumentReader(tmp_path)
    assert reader.read([0, 100]) == [everything[0], everything[100]]
    assert all_of(tmp_path) == everything
    assert path.read_bytes() == right


def test_many_events_train_a_dictionary_that_serves_after_reopening(tmp_path: Path) -> None:
    everything = written(tmp_path, 1500, 1500, 500)
    assert (tmp_path / dictionary.NAME).exists()
    reader = DocumentReader(tmp_path)
    assert reader.read([10, 2999, 3100]) == [everything[n] for n in (10, 2999, 3100)]
    writer = opened(tmp_path, trusted=3500)
    writer.append(lines(100, 3500))
    assert [line for _, line in writer.read_from(3550)] == lines(100, 3500)[50:]
    writer.close()


def test_a_missing_dictionary_is_damage_that_is_told(tmp_path: Path) -> None:
    written(tmp_path, 2500, 500)
    (tmp_path / dictionary.NAME).unlink()
    assert isinstance(DocumentReader(tmp_path).read([2600])[0], StoreDamaged)


def test_a_dropped_day_is_read_to_the_end(tmp_path: Path) -> None:
    everything = written(tmp_path, 64)
    reader = DocumentReader(tmp_path)
    for path in tmp_path.iterdir():
        path.unlink()
    assert reader.read([63]) == [everything[63]]
    with pytest.raises(FileNotFoundError):
        DocumentReader(tmp_path)


def flip(path: Path, offset: int) -> None:
    """Turns one bit round."""
    data = bytearray(path.read_bytes())
    data[offset] ^= 4
    path.write_bytes(data)


def test_what_the_disk_cannot_give_back_is_damage() -> None:
    data = os.open("/proc/self/mem", os.O_RDONLY)  # its first bytes are an error of input
    place = BlockPlace(offset=0, size=100, first=0, events=3)
    try:
        with pytest.raises(StoreDamaged, match="cannot be read"):
            read_block(data, place, dictionary.decompressor(None), Path("a day"))
    finally:
        os.close(data)


@pytest.mark.parametrize("distance", [1, 4 * 2**20 - 2, 4 * 2**20 + 7])
def test_a_block_far_behind_damage_is_found(tmp_path: Path, distance: int) -> None:
    written(tmp_path, 20)
    block = (tmp_path / DATA_NAME).read_bytes()
    path = tmp_path / "spoilt"
    path.write_bytes(b"x" * distance + block)
    data = os.open(path, os.O_RDONLY)
    assert has_block_after(data, 0)
    os.truncate(path, distance + 30)
    assert not has_block_after(data, 0)
    os.close(data)


@pytest.mark.parametrize("content", [b"", b"garbage"])
def test_a_damaged_dictionary_is_damage(tmp_path: Path, content: bytes) -> None:
    everything = written(tmp_path, 1000, 1000, 1000, 1000)
    (tmp_path / dictionary.NAME).write_bytes(content)
    found = DocumentReader(tmp_path).read([0, 3999])
    assert found[0] == everything[0]
    assert isinstance(found[1], StoreDamaged)
