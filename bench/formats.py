"""What does parsing cost, and how much more does it cost to find the format out?

`python -m bench.formats`: µs of CPU per event, format by format; then the same for the whole way from
bytes to messages, on a log with stack traces and on an access log.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

from logboom.config import FileInput
from logboom.event import IndexDays
from shipper.events.assembly import Assembler
from shipper.parsers.catalogue import load_catalogue
from shipper.parsers.making import make_parser

ROUNDS = 7
TEXTS = 2_000
READ_NS = 1_791_640_600_000_000_000
TRACE = "".join(f"\n\tat com.acme.shop.Cart.step{n}(Cart.java:{n})" for n in range(12))


def main() -> None:
    """Measures and prints."""
    sys.stdout.write("format            named µs   auto µs   ratio\n")
    for name, one in load_catalogue().formats.items():
        if one.is_detected and not one.samples[0].before:
            texts = [sample.text for sample in one.samples] * (TEXTS // len(one.samples))
            costs = [_least(parse_of(name_, texts)) / len(texts) for name_ in (name, "auto")]
            _show(name, costs)
    for name, lines in (("logback", _java()), ("access", _access())):
        buffer = "".join(f"{line}\n" for line in lines).encode()
        costs = [_least(assemble_of(name_, buffer)) / len(lines) for name_ in (name, "auto")]
        _show(f"{name}, all", costs)


def parse_of(format_name: str, texts: Sequence[str]) -> Callable[[], object]:
    """Parses all texts."""
    parse = make_parser(FileInput(path=["x"], format=format_name)).parse
    return lambda: [parse(text) for text in texts]


def assemble_of(format_name: str, buffer: bytes) -> Callable[[], object]:
    """Makes messages of a buffer."""
    assembler = Assembler(
        FileInput(path=["x"], format=format_name), source="s", run="r", epoch=0, path="/x/shop.log",
        max_event_bytes=1 << 20, days=IndexDays(timedelta(days=900)),
    )  # fmt: skip
    return lambda: assembler.assemble(buffer, offset=0, read_ns=READ_NS, ended=True)


def _java() -> list[str]:
    levels = ("INFO", "WARN", "DEBUG", "ERROR")
    return [
        f"2026-10-10 13:55:{n // 40 % 60:02d},{n % 1000:03d} [http-{n % 9}] {levels[n % 4]} "
        f"com.acme.shop.Cart{n % 7} - step {n} of the order took {n % 50} ms"
        + (f"\njava.io.IOException: order {n}{TRACE}" if n % 10 == 0 else "")
        for n in range(TEXTS)
    ]


def _access() -> list[str]:
    return [
        f"203.0.113.{n % 250} - - [10/Oct/2026:13:55:{n // 40 % 60:02d} +0200] "
        f'"GET /cart/{n}?id={n % 77} HTTP/1.1" 200 {n} "https://shop.example/" "curl/8.5"'
        for n in range(TEXTS)
    ]


def _least(run: Callable[[], object]) -> float:
    costs = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        run()
        costs.append(time.process_time() - begun)
    return min(costs) * 1e6


def _show(name: str, costs: Sequence[float]) -> None:
    named, auto = costs
    sys.stdout.write(f"{name:16} {named:9.2f} {auto:9.2f} {auto / named:7.2f}\n")


if __name__ == "__main__":
    main()
