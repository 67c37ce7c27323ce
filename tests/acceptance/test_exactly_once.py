"""No line lost, none counted twice: whatever process dies, and in both forms."""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from functools import partial
from pathlib import Path

import httpx
import pytest

from logboom.store.local.blocks import ENTRY
from logboom.store.local.documents import DATA_NAME, DIRECTORY_NAME
from logboom.store.local.folders import INDEX_NAME
from tests.flow import Pipeline, verify
from tests.polling import eventually
from tests.writing import LogWriter, event

EVENTS = int(os.environ.get("LOGBOOM_TEST_EVENTS") or 60_000)
RATE = 5_000
WRITING_S = EVENTS / RATE
FOUND_WITHIN_S = 240 + EVENTS / 2_000
LINES = 500

pytestmark = [pytest.mark.slow]


def test_the_verifier_turns_red_when_a_line_is_missing_or_doubled() -> None:
    whole = Counter(dict.fromkeys(range(1000), 1))
    assert verify(whole, 1000).green
    assert verify(whole - Counter([417]), 1000).lost == [417]
    assert verify(whole + Counter([417]), 1000).doubled == [417]
    assert verify(whole + Counter([5000]), 1000).strange == [5000]


@pytest.mark.timeout(600 + 2 * (WRITING_S + FOUND_WITHIN_S))
def test_every_event_is_found_once_though_each_process_is_killed_under_load(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    dice = random.Random(7)
    writer = LogWriter(
        tmp_path / "logs" / "app.log", count=EVENTS, per_second=RATE, rotate_every=EVENTS // 6
    )
    writer.start()
    moments = sorted(
        (dice.uniform(0.05, 0.95) * EVENTS, service)
        for service in ("ship", "process", "api")
        for _ in range(3)
    )
    for moment, service in moments:
        eventually(
            partial(writer.has_written, moment),
            timeout_s=240 + WRITING_S, what="the load goes on",
        )  # fmt: skip
        pipeline.kill(service)
    writer.join()
    pipeline.await_count("service:shop-*", EVENTS, timeout_s=FOUND_WITHIN_S)
    verdict = verify(pipeline.sequence_ids("service:shop-*"), EVENTS)
    assert verdict.green, f"{verdict}\n{pipeline.said()}"
    assert pipeline.doctor(wait_s=120) == 0


def test_the_doctor_turns_red_when_the_store_lost_one_line(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    _write_two_parts(pipeline, tmp_path / "logs" / "app.log")
    assert pipeline.doctor(wait_s=120) == 0
    if "store" in pipeline.settings:
        _delete_last_from_elasticsearch(pipeline)
    else:
        day = _cut_last_line_off(pipeline)
        shutil.rmtree(day / INDEX_NAME)  # made anew, it cannot tell that a line is missing
        pipeline.start()
    assert verify(pipeline.sequence_ids("service:shop-*"), LINES).lost == [LINES - 1]
    assert pipeline.doctor(wait_s=5) == 1


@pytest.mark.parametrize("pipeline", ["embedded"], indirect=True)
def test_an_embedded_store_that_misses_a_line_sets_the_day_aside_and_the_doctor_turns_red(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    _write_two_parts(pipeline, tmp_path / "logs" / "app.log")
    day = _cut_last_line_off(pipeline)
    pipeline.start()
    eventually(
        lambda: list((day.parent / "damaged").glob(f"{day.name}-*")),
        timeout_s=120, what="it is set aside",
    )  # fmt: skip
    assert "damaged" in pipeline.said()
    assert pipeline.doctor(wait_s=5) == 1


def _write_two_parts(pipeline: Pipeline, log: Path) -> None:
    """Writes all lines, the last of them in a batch of its own: without lines of logboom's own log."""
    pipeline.stop()
    pipeline.settings["log_level"] = "error"
    pipeline.start()
    for first, last in ((0, LINES - 1), (LINES - 1, LINES)):
        with log.open("ab") as file:
            file.write(b"".join(event(number) for number in range(first, last)))
        pipeline.await_count("service:shop-*", last)


def _delete_last_from_elasticsearch(pipeline: Pipeline) -> None:
    (last,) = pipeline.ask("search", q="service:shop-*", limit=1)["events"]
    day = last["@timestamp"][:10].replace("-", ".")
    index = pipeline.settings["index"].replace("%Y.%m.%d", day)
    url = f"{pipeline.settings['store']}/{index}/_doc/{last['_id']}"
    assert httpx.delete(url, params={"refresh": "true"}).status_code == 200


def _cut_last_line_off(pipeline: Pipeline) -> Path:
    """Stops the pipeline and cuts the last block, which is one line, off the documents.

    Returns:
        The folder of that day.
    """
    assert pipeline.stop() == 0
    day = max((pipeline.folder / "data" / "store").glob("logboom-logs-*"))
    documents, directory = day / DATA_NAME, day / DIRECTORY_NAME
    events, size = ENTRY.unpack(directory.read_bytes()[-ENTRY.size :])
    assert events == 1
    os.truncate(documents, documents.stat().st_size - size)
    os.truncate(directory, directory.stat().st_size - ENTRY.size)
    return day
