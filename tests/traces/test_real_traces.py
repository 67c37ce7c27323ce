"""Real programs' traces, made here and now: each is one event, and says of which exception."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from logboom.config import FileInput
from processor.fingerprints.fingerprinting import fingerprint
from processor.fingerprints.frames import Origin, frames_of
from shipper.framing import make_framing
from shipper.parsers.stacktrace import extract_error
from tests.traces.languages import LANGUAGES, PROGRAMS, Language

pytestmark = pytest.mark.slow


CASES = [
    pytest.param(language, name, id=f"{language.name}: {name}")
    for language in LANGUAGES
    for name in language.variants
]
BARE = [
    pytest.param(language, name, id=f"{language.name}: {name}")
    for language in LANGUAGES
    for name, variant in language.variants.items()
    if not variant.is_entry
]
"""Those that do not begin with a time of their own."""
UNCAUGHT = (
    "Exception in thread ", "Exception ignored in", "Fatal Python error: ", "thread '", "panic: ",
    "fatal error: ", "runtime: ", "unexpected fault", "SIGQUIT: ", f"{PROGRAMS}/traces.js:", "node:", "<anonymous_script>:",
    "(node:", "terminate called",
)  # fmt: skip
"""What a runtime, and no logger, has written: it is no part of the entry before."""
ENTRIES = (
    "2026-11-21 06:24:28 ERROR a - failed",
    "2026-11-21T06:24:28.116Z\tINFO\tshop/main.go:14\tstarting",
    "time=2026-11-21T06:24:28.116Z level=INFO msg=starting port=8080",
    'time="2026-11-21T06:24:28Z" level=info msg=starting port=8080',
    "2026/11/21 06:24:28 starting",
    "I1121 06:24:28.116000    4711 main.go:14] starting",
    "[06:24:28.116] INFO (4711): starting",
    "I, [2026-11-21T06:24:28.116 #4711]  INFO -- : starting",
    '{"level":30,"time":1795242268116,"msg":"starting"}',
)
"""Of programs of any language; the last one is an object, which shows no shape."""

Traces = Callable[[Language, str], str]


@pytest.fixture(scope="module")
def trace_of(tmp_path_factory: pytest.TempPathFactory) -> Traces:
    """Runs a program, which is built once."""
    folders: dict[str, Path] = {}

    def trace_of(language: Language, variant: str) -> str:
        if language.name not in folders:
            folders[language.name] = tmp_path_factory.mktemp(language.tool.rpartition("/")[2])
            try:
                language.build_in(folders[language.name])
            except LookupError as missing:
                if os.environ.get("CI") == "true":
                    pytest.fail(f"with CI=true every language must be there: {missing}")
                pytest.skip(str(missing))
        return language.output_of(variant, folders[language.name]).decode().strip("\n")

    return trace_of


def events_of(text: str) -> list[str]:
    framing = make_framing(FileInput(path=["x"]), max_event_bytes=100_000)
    return framing.cut(text.encode(), ended=True).texts


@pytest.mark.parametrize(("language", "variant"), CASES)
def test_a_real_trace_is_one_event(language: Language, variant: str, trace_of: Traces) -> None:
    trace, wanted = trace_of(language, variant), language.variants[variant]
    assert "\n" in trace
    before, after = "2026-11-21 06:24:28 ERROR a - failed", "2026-11-21 06:24:29 INFO a - fine"
    entries = events_of(f"{before}\n{trace}\n{after}\n")
    assert entries[-1] == after
    is_apart = wanted.is_entry or trace.startswith(UNCAUGHT)
    assert entries == ([before, trace, after] if is_apart else [f"{before}\n{trace}", after])
    found = extract_error(entries[-2])
    if wanted.kind is None:
        assert found is None or "error.type" not in found
    else:
        assert found is not None
        assert found["error.type"] == wanted.kind
        assert found.get("error.message", "").startswith(wanted.message or "")
        assert found["error.stack_trace"] in trace


@pytest.mark.parametrize(("language", "variant"), BARE)
def test_what_ends_a_program_is_no_part_of_the_entry_before(
    language: Language, variant: str, trace_of: Traces
) -> None:
    trace = trace_of(language, variant)
    if not trace.startswith(UNCAUGHT):
        pytest.skip("a logger may have written it")
    needs_shape = language.variants[variant].needs_shape
    for entry in ENTRIES[: -1 if needs_shape else None]:
        assert events_of(f"{entry}\n{trace}\n{entry}\n") == [entry, trace, entry]
        more = "" if entry.startswith("{") else "\n  more"
        events = [entry, f"{entry}{more}", trace, trace, entry]
        assert events_of("\n".join(events)) == events


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.name)
def test_a_real_trace_has_the_same_fingerprint_at_every_run(
    language: Language, trace_of: Traces
) -> None:
    variant = next(iter(language.variants))
    errors = [extract_error(trace_of(language, variant)) or {} for _ in range(2)]
    traces = [str(error.get("error.stack_trace")) for error in errors]
    assert len({fingerprint("Some", "text", trace) for trace in traces}) == 1
    own = [frame for frame in frames_of(traces[0]) if frame.origin is Origin.APPLICATION]
    assert bool(own) == language.has_frames


@pytest.mark.parametrize(("language", "variant"), BARE)
def test_a_bare_trace_takes_nothing_from_its_neighbours(
    language: Language, variant: str, trace_of: Traces
) -> None:
    trace, wanted = trace_of(language, variant), language.variants[variant]
    if wanted.is_entry:
        pytest.skip(
            "it is an entry with a time, after which everything without one goes on with it"
        )
    events = events_of(f"started\n{trace}\nready\nstopped\n")
    assert events[0] == "started"
    assert events[-2:] == ["ready", "stopped"]
    assert "\n".join(events[1:-2]) == trace
    assert len(events) == 4 or wanted.needs_shape
