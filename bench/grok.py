"""How fast is grok beside Elasticsearch's, in one run?

The lines of bench/grok_lines.py, in turn through both: ours in this process, theirs in a JVM that was
warmed up with the same lines. Both are asked for all captures of each line. CPU time: of this process,
and of the JVM's thread alone as well as of all the JVM, compiler and collector included.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.grok_lines import CASES, Case
from shipper.parsers.grok import Grok, PatternLibrary
from tests.services.downloads import cache_folder

_FOLDER = Path(__file__).parent / "java"
_KINDS = ("hit", "near", "far")
_VERSION = "8.17.0"
_SPAN_S = 0.08


class Theirs:
    """Elasticsearch's grok, in a JVM that answers requests."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, request: str) -> str:
        """One line there, one line back."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(request + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().rstrip("\n")

    def set(self, case: Case, lines: Path) -> None:
        """Says what is meant from now on."""
        self.ask(f"pattern legacy {case.pattern}")
        self.ask(f"lines {lines}")

    def run(self, times: int) -> tuple[float, float, int]:
        """CPU seconds of the thread and of the process, and how many lines matched."""
        thread_ns, process_ns, matched = self.ask(f"run {times}").split()
        return int(thread_ns) / 1e9, int(process_ns) / 1e9, int(matched)

    def captures(self) -> list[dict[str, str] | None]:
        """Of every line."""
        return [_captures(shown) for shown in self.ask("show").split("\x02")[:-1]]


def _captures(shown: str) -> dict[str, str] | None:
    if shown == "null":
        return None
    parts = shown.split("\x01")[:-1]
    return dict(zip(parts[::2], parts[1::2], strict=True))


@contextmanager
def elasticsearch_grok() -> Iterator[Theirs]:
    """Starts the JVM; what it needs is fetched by Maven once and kept outside of the project."""
    jars = cache_folder() / f"elasticsearch-grok-{_VERSION}"
    if not jars.exists():
        with tempfile.TemporaryDirectory(dir=cache_folder()) as partial:
            subprocess.run(
                ["mvn", "--quiet", "--batch-mode", "--file", str(_FOLDER / "pom.xml"),
                 "dependency:copy-dependencies", f"-DoutputDirectory={partial}/jars"],
                check=True, stdin=subprocess.DEVNULL,
            )  # fmt: skip
            shutil.move(f"{partial}/jars", jars)
    command = ["java", "-Xshare:auto", "-cp", f"{jars}/*", str(_FOLDER / "GrokBench.java")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Theirs(process)
        finally:
            process.kill()


def _run_ours(grok: Grok, lines: Sequence[str], times: int) -> tuple[float, int]:
    match = grok.match
    matched = 0
    begun = time.process_time()
    for _ in range(times):
        for line in lines:
            matched += match(line) is not None
    return time.process_time() - begun, matched


def _times(run: Callable[[int], float]) -> int:
    """How often to match all lines for a span that the CPU clock can measure."""
    times = 1
    while run(times) < _SPAN_S:
        times *= 2
    return times


def _compare(theirs: Theirs, case: Case, kind: str, options: argparse.Namespace) -> None:
    lines = case.lines(kind, options.lines)
    grok = Grok([case.pattern], PatternLibrary.of("legacy"))
    with tempfile.NamedTemporaryFile("w", suffix=".log") as file:
        file.write("\n".join(lines))
        file.flush()
        theirs.set(case, Path(file.name))
        begun = time.monotonic()
        while time.monotonic() - begun < options.warm_up_s:
            theirs.run(1)
        differing = sum(
            ours != his for ours, his in zip(map(grok.match, lines), theirs.captures(), strict=True)
        )
        our_times = _times(lambda times: _run_ours(grok, lines, times)[0])
        their_times = _times(lambda times: theirs.run(times)[0])
        ours_us, theirs_us, process_us = [], [], []
        for _ in range(options.rounds):
            took_s, matched = _run_ours(grok, lines, our_times)
            ours_us.append(took_s / len(lines) / our_times * 1e6)
            took_s, process_s, their_matched = theirs.run(their_times)
            theirs_us.append(took_s / len(lines) / their_times * 1e6)
            process_us.append(process_s / len(lines) / their_times * 1e6)
    ours, his, whole = map(statistics.median, (ours_us, theirs_us, process_us))
    print(
        f"{case.name:8} {kind:5} ours {ours:7.2f} us ({1e3 / ours:6.0f} k/s)"
        f"  elasticsearch {his:7.2f} us ({1e3 / his:6.0f} k/s), its process {whole:7.2f} us"
        f"  ratio {his / ours:6.2f}, {whole / ours:6.2f}"
        f"  matched {matched // our_times}/{their_matched // their_times} of {len(lines)},"
        f" {differing} differ"
    )


def main() -> None:
    """Runs all cases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--warm-up-s", type=float, default=1.0)
    parser.add_argument("--only", default="", help="Names of cases, with commas between them.")
    options = parser.parse_args()
    wanted = options.only.split(",") if options.only else [case.name for case in CASES]
    with elasticsearch_grok() as theirs:
        for case in CASES:
            if case.name in wanted:
                for kind in _KINDS:
                    _compare(theirs, case, kind, options)


if __name__ == "__main__":
    main()
