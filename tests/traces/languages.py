"""Which programs make real traces, how are they built and run, and what do they end with?"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PROGRAMS = Path(__file__).parent / "programs"


@dataclass(frozen=True, slots=True)
class Variant:
    """What a program writes for one of its arguments.

    Attributes:
        kind: The `error.type`; None where a trace has none.
        message: How the `error.message` begins; None where there is none.
        needs_shape: Its trace is one event only among entries that begin with a time: nothing in it
            tells its last lines from other output.
        is_entry: It begins with a time of its own.
    """

    kind: str | None
    message: str | None
    needs_shape: bool = False
    is_entry: bool = False


@dataclass(frozen=True, slots=True)
class Language:
    """A language with a program.

    Attributes:
        tool: Has to be there.
        build: Commands; ``{out}`` is a folder, ``{src}`` that of the programs.
        run: The command; the variant follows.
        environment: Added to ours.
        has_frames: Its traces say where the program was, in a form that is understood.
    """

    name: str
    tool: str
    build: Sequence[Sequence[str]]
    run: Sequence[str]
    variants: Mapping[str, Variant]
    environment: Mapping[str, str] = field(default_factory=dict)
    has_frames: bool = True

    def build_in(self, folder: Path) -> None:
        """Builds the program.

        Raises:
            LookupError: The tool is not there.
        """
        if shutil.which(self.tool) is None:
            raise LookupError(f"{self.tool} is not on this machine")
        for command in self.build:
            subprocess.run(_filled(command, folder), check=True, capture_output=True)

    def output_of(self, variant: str, folder: Path) -> bytes:
        """What the program writes to standard error."""
        ended = subprocess.run(
            [*_filled(self.run, folder), variant],
            env={**os.environ, **self.environment}, capture_output=True, check=False, timeout=60,
        )  # fmt: skip
        return ended.stderr


def _filled(command: Sequence[str], folder: Path) -> list[str]:
    return [part.format(out=folder, src=PROGRAMS) for part in command]


_JAVA_STATE = "java.lang.IllegalStateException"
_RUST_VARIANTS = {
    "panic": Variant("panic", "no stock"),
    "unwrap": Variant("panic", "called `Result::unwrap()` on an `Err` value: NoStock"),
    "assert": Variant("panic", "assertion `left == right` failed: sums\n  left: 2"),
    "message": Variant("panic", "first line\nsecond line", needs_shape=True),
    "bounds": Variant("panic", "index out of bounds"),
    "thread": Variant("panic", "no stock"),
}

LANGUAGES = (
    Language(
        "java", "javac", [["javac", "-d", "{out}", "{src}/Traces.java"]],
        ["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", "{out}", "Traces"],
        {
            "uncaught": Variant(_JAVA_STATE, "no stock"),
            "nested": Variant("java.lang.RuntimeException", "java.io.IOException: disk"),
            "suppressed": Variant(_JAVA_STATE, "no stock"),
            "message": Variant("java.lang.IllegalArgumentException", "first line\nsecond line"),
            "thread": Variant(_JAVA_STATE, "no stock"),
            "lambda": Variant(_JAVA_STATE, "no stock"),
            "circular": Variant("java.lang.Exception", "one"),
            "logged": Variant("java.io.IOException", "disk", is_entry=True),
        },
    ),
    Language(
        "python", sys.executable, [], [sys.executable, "{src}/traces.py"],
        {
            "uncaught": Variant("ValueError", "no stock"),
            "chained": Variant("KeyError", "'missing'"),
            "caused": Variant("RuntimeError", "cannot sell"),
            "group": Variant("ExceptionGroup", "several (2 sub-exceptions)"),
            "grouped_cause": Variant("ExceptionGroup", "several (2 sub-exceptions)"),
            "noted": Variant("ValueError", "no stock\nseen in aisle 7", needs_shape=True),
            "message": Variant("ValueError", "first line\nsecond line", needs_shape=True),
            "syntax": Variant("SyntaxError", "invalid syntax"),
            "recursion": Variant("RecursionError", "maximum recursion depth exceeded"),
            "without_message": Variant("AssertionError", None),
            "in_thread": Variant("ValueError", "no stock"),
            "in_task": Variant("ValueError", "no stock"),
            "crashed": Variant("Fatal Python error", "Segmentation fault"),
            "threads": Variant(None, None),
            "logged": Variant("RuntimeError", "cannot sell", is_entry=True),
        },
    ),
    Language(
        "go", "go", [["go", "build", "-o", "{out}/go", "{src}/traces.go"]], ["{out}/go"],
        {
            "panic": Variant("panic", "no stock"),
            "again": Variant("panic", "no stock [recovered]\n\tpanic: again: no stock"),
            "repanicked": Variant("panic", "no stock [recovered"),
            "error": Variant("panic", "first line"),
            "nil": Variant("panic", "runtime error: invalid memory address"),
            "map": Variant("panic", "assignment to entry in nil map"),
            "bounds": Variant("panic", "runtime error: slice bounds out of range"),
            "goroutine": Variant("panic", "no stock"),
            "deadlock": Variant("fatal error", "all goroutines are asleep"),
            "overflow": Variant("fatal error", "stack overflow"),
            "threads": Variant("fatal error", "thread exhaustion"),
            "fault": Variant("fatal error", "fault"),
            "quit": Variant(None, None),
            "stack": Variant(None, None),
        },
        {"GOTRACEBACK": "all"},
    ),
    Language(
        "node", "node", [], ["node", "{src}/traces.js"],
        {
            "uncaught": Variant("TypeError", "no stock"),
            "cause": Variant("Error", "cannot sell"),
            "code": Variant("Error", "ENOENT: no such file"),
            "rejected": Variant("RangeError", "too many"),
            "aggregate": Variant("AggregateError", "All promises were rejected"),
            "message": Variant("Error", "first line\nsecond line"),
            "text": Variant(None, None),
            "parsed": Variant("SyntaxError", "Expected double-quoted property name in JSON"),
            "emitted": Variant("Error", "no stock"),
            "worker": Variant("TypeError", "no stock"),
            "object": Variant(None, None),
            "warned": Variant(None, None),
            "logged": Variant("TypeError", "no stock", is_entry=True),
            "printed": Variant("Error", "cannot sell"),
            "missing": Variant("Error", "Cannot find module './nothing-of-that-name'\nRequire"),
        },
    ),
    Language(
        "rust", "rustc", [["rustc", "-g", "-o", "{out}/rust", "{src}/traces.rs"]], ["{out}/rust"],
        _RUST_VARIANTS, {"RUST_BACKTRACE": "1"},
    ),
    Language(
        "rust without a backtrace", "rustc",
        [["rustc", "-g", "-o", "{out}/rust", "{src}/traces.rs"]], ["{out}/rust"],
        _RUST_VARIANTS, {"RUST_BACKTRACE": "0"}, has_frames=False,
    ),
    Language(
        "c++", "g++", [["g++", "-o", "{out}/cpp", "{src}/traces.cpp"]], ["{out}/cpp"],
        {
            "uncaught": Variant("std::runtime_error", "no stock"),
            "own": Variant("shop::NoStock", "no tea"),
        },
        has_frames=False,
    ),
    Language(
        "perl", "perl", [], ["perl", "{src}/traces.pl"],
        {"confessed": Variant(None, None)}, has_frames=False,
    ),
    Language(
        "address and undefined behaviour sanitizers", "gcc",
        [["gcc", "-g", "-fsanitize=address,undefined", "-o", "{out}/c", "{src}/traces.c"]],
        ["{out}/c"],
        {
            "after-free": Variant("AddressSanitizer: heap-use-after-free", "heap-use-after-free"),
            "overflow": Variant("AddressSanitizer: heap-buffer-overflow", "heap-buffer-overflow"),
            "stack": Variant("AddressSanitizer: stack-buffer-overflow", "stack-buffer-overflow"),
            "leak": Variant("LeakSanitizer: detected memory leaks", "detected memory leaks"),
            "twice": Variant("AddressSanitizer: attempting double-free", "attempting double-free"),
            "undefined": Variant("UndefinedBehaviorSanitizer", "signed integer overflow"),
        },
        {"UBSAN_OPTIONS": "print_stacktrace=1"},
    ),
    Language(
        "thread sanitizer", "gcc",
        [["gcc", "-g", "-fsanitize=thread", "-o", "{out}/races", "{src}/races.c"]],
        ["{out}/races"], {"race": Variant("ThreadSanitizer: data race", "data race")},
    ),
)  # fmt: skip
