"""`logboom export`: write out everything that matches, and go on after a break."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from http.client import HTTPResponse
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer

from logboom.cli.export_parts import Form, Part, Progress, Rows
from logboom.cli.layout import printable
from logboom.cli.options import SinceOption, UntilOption, UrlOption, ZoneOption
from logboom.cli.query_words import query_of
from logboom.cli.remote import DEFAULT_URL, ask, opened, pieces
from logboom.clock import SystemClock
from logboom.errors import LogboomError, StoreDamaged
from logboom.retrying import Backoff

_TRIES = 8
_NOTED_EVERY_S = 1.0
_SHOWN_AFTER_S = 2.0
_SHOWN_EVERY_S = 0.5
_OF_MATCHES = ("q", "from", "to", "tz")
_NOTES = "Logboom-Notes"
_TIMES = {"from": "Logboom-From", "to": "Logboom-To"}


def register(app: typer.Typer) -> None:
    """Adds the command to the command line."""
    app.command("export", context_settings={"ignore_unknown_options": True})(export)


def export(
    context: typer.Context,
    query: Annotated[
        list[str] | None,
        typer.Argument(
            help="In Lucene's syntax; without one everything is written.", show_default=False
        ),
    ] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    form: Annotated[str, typer.Option("--format", help="ndjson or csv.")] = "ndjson",
    fields: Annotated[
        str | None, typer.Option(help="Fields to write, a,b.", show_default=False)
    ] = None,
    sort: Annotated[str, typer.Option(help="The oldest first (asc) or the newest (desc).")] = "asc",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="File; without one to standard output.", show_default=False
        ),
    ] = None,
    zone: ZoneOption = "UTC",
    url: UrlOption = DEFAULT_URL,
) -> None:
    """Writes out everything that matches, however much that is.

    Given again, the same command goes on where one that was interrupted has stopped.

    Example: logboom export level:error --since 7d -o errors.ndjson
    """
    asked = {
        "q": query_of(query, context), "from": since, "to": until, "format": form, "fields": fields,
        "sort": sort, "tz": zone,
    }  # fmt: skip
    if output is None:
        progress = Progress(dict(asked))
        is_doubtful = _fetch(url, progress, sys.stdout.buffer, lambda: None)
    else:
        part = Part(output, asked)
        progress = part.progress
        try:
            is_doubtful = _fetch(url, progress, part.sink, part.note)
            part.finish()
        finally:
            part.close()
    if is_doubtful:
        _look_for_the_rest(url, progress)


def _fetch(url: str, progress: Progress, sink: BinaryIO, note: Callable[[], None]) -> bool:
    """Fetches everything that is missing, again and again until it is complete.

    Returns:
        True when some may not be readable: an answer broke off behind its last event, or the export
        goes on with one whose end nobody saw.

    Raises:
        UsageError: The API says that the question is wrong.
        ServiceUnreachable: It does not answer any more.
    """
    show = _Display(url, progress)
    backoff, is_resumed = Backoff(), progress.events > 0
    while True:
        had = progress.events
        try:
            _read(url, progress, sink, note, show)
        except LogboomError as error:
            if progress.events > had:
                backoff.reset()
            if not error.retryable or backoff.tries >= _TRIES or not progress.events:
                raise
            time.sleep(backoff.next_wait_s())
        else:
            show.end()
            broke_at_its_end = backoff.tries > 0 and progress.events == had
            return broke_at_its_end or (is_resumed and "to" in progress.times)


def _look_for_the_rest(url: str, progress: Progress) -> None:
    """Compares what came with what matches.

    Raises:
        StoreDamaged: Some events cannot be read.
    """
    counted = _count(url, progress)
    matching, missing = int(counted["count"]), int(counted["count"]) - progress.events
    if missing > 0:
        raise StoreDamaged(
            f"{missing:,} of {matching:,} events were not written out: they could not be read, or"
            " came in meanwhile",
            mend="`logboom search` with the same query, and the API's log, say which and why",
        )
    if counted["relation"] != "eq":
        raise StoreDamaged(
            "events may be missing: they could not be counted in time",
            mend="ask for a shorter time",
        )


def _count(url: str, progress: Progress) -> dict[str, Any]:
    """How many events match, as the API answers it."""
    asked = {name: progress.asked[name] for name in _OF_MATCHES}
    return ask(url, "count", {**asked, **progress.times})


def _read(
    url: str, progress: Progress, sink: BinaryIO, note: Callable[[], None], show: _Display
) -> None:
    """Reads one answer to its end."""
    form: Form = "csv" if progress.asked["format"] == "csv" else "ndjson"
    rows = Rows(form, has_header=progress.last is None)
    clock, noted_s = SystemClock(), 0.0
    asked = {**progress.asked, **progress.times, "after": progress.last, "keep_alive": "true"}
    with opened(url, "export", asked) as answer:
        _learn_times(answer, progress)
        show.notes(json.loads(answer.headers.get(_NOTES) or "[]"))
        for piece in pieces(answer):
            sink.write(rows.take(piece, progress))
            if clock.monotonic() - noted_s > _NOTED_EVERY_S:
                note()
                noted_s = clock.monotonic()
            show.update()
    sink.flush()


def _learn_times(answer: HTTPResponse, progress: Progress) -> None:
    """What relative times mean now, they mean for the rest of the export."""
    for name, header in _TIMES.items():
        value = answer.headers.get(header)
        if value is not None:
            progress.times.setdefault(name, value)


class _Display:
    """Shows on a terminal how far it is, when it takes long.

    Args:
        url: Where the API is: it knows how many there will be.
        progress: What is shown.
    """

    def __init__(self, url: str, progress: Progress) -> None:
        self._url = url
        self._progress = progress
        self._clock = SystemClock()
        self._is_shown = sys.stderr.isatty()
        self._begun_s = self._clock.monotonic()
        self._begun_at = progress.events
        self._due_s = self._begun_s + _SHOWN_AFTER_S
        self._total: int | None = None
        self._are_noted = False

    def notes(self, notes: Sequence[str]) -> None:
        """Says once what may not be meant so, on a terminal or not."""
        if not self._are_noted:
            sys.stderr.writelines(f"logboom: {printable(note)}\n" for note in notes)
        self._are_noted = True

    def update(self) -> None:
        """Shows what has changed, now and then."""
        now_s = self._clock.monotonic()
        if self._is_shown and now_s >= self._due_s:
            self._due_s = now_s + _SHOWN_EVERY_S
            sys.stderr.write(f"\r{self._text(now_s)}\x1b[K")
            sys.stderr.flush()

    def end(self) -> None:
        """Says what became of it."""
        if self._is_shown:
            sys.stderr.write(f"\r{self._progress.events:,} events\x1b[K\n")

    def _text(self, now_s: float) -> str:
        done = self._progress.events
        rate = (done - self._begun_at) / max(0.001, now_s - self._begun_s)
        total = self._known_total()
        share = f" of {total:,} ({100 * done // total} %)" if total else ""
        return f"{done:,}{share} events, {rate:,.0f}/s"

    def _known_total(self) -> int:
        if self._total is None:
            try:
                self._total = int(_count(self._url, self._progress)["count"])
            except LogboomError:
                return 0  # the export itself tells what is wrong
        return self._total
