"""Lines for bench/grok.py: always the same ones, for each pattern hits, near misses and far misses."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

Make = Callable[[random.Random], str]


@dataclass(frozen=True, slots=True)
class Case:
    """A pattern and what makes lines for it.

    Attributes:
        hit: A line that matches.
        near: A line that does not, but for a small thing.
    """

    name: str
    pattern: str
    hit: Make
    near: Make

    def lines(self, kind: str, count: int) -> list[str]:
        """Lines of a kind: ``hit``, ``near`` or ``far``."""
        chance = random.Random(f"{self.name} {kind}")
        make = {"hit": self.hit, "near": self.near, "far": far_line}[kind]
        return [make(chance) for _ in range(count)]


_WORDS = [
    "cart",
    "order",
    "payment",
    "item",
    "stock",
    "user",
    "session",
    "cache",
    "index",
    "retry",
    "timeout",
    "upstream",
    "price",
]
_AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36",
    "curl/8.14.1",
)
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_LEVELS = ("INFO", "INFO", "INFO", "DEBUG", "WARN", "ERROR")


def _words(chance: random.Random, count: int) -> str:
    return " ".join(chance.choice(_WORDS) for _ in range(count))


def _address(chance: random.Random) -> str:
    return ".".join(str(chance.randrange(1, 255)) for _ in range(4))


def _clock(chance: random.Random) -> str:
    return f"{chance.randrange(24):02d}:{chance.randrange(60):02d}:{chance.randrange(60):02d}"


def _iso(chance: random.Random) -> str:
    day = f"2026-{chance.randrange(1, 13):02d}-{chance.randrange(1, 29):02d}"
    return f"{day} {_clock(chance)},{chance.randrange(1000):03d}"


def _path(chance: random.Random) -> str:
    return f"/{chance.choice(_WORDS)}/{chance.choice(_WORDS)}/{chance.randrange(10**6)}?page={chance.randrange(50)}"


def _apache(chance: random.Random) -> str:
    date = f"{chance.randrange(1, 29):02d}/{chance.choice(_MONTHS)}/2026:{_clock(chance)} +0000"
    return (
        f"{_address(chance)} - - [{date}] "
        f'"{chance.choice(("GET", "POST"))} {_path(chance)} HTTP/1.1" {chance.choice((200, 200, 304, 404, 500))} '
        f'{chance.randrange(100_000)} "https://shop.example{_path(chance)}" "{chance.choice(_AGENTS)}"'
    )


def _near_apache(chance: random.Random) -> str:
    line = _apache(chance)
    damaged = (
        line.replace("] ", " ", 1), line.replace('" "', " ", 1), line[: line.rindex('"')],
        line.replace(" +0000", "", 1),
    )  # fmt: skip
    return chance.choice(damaged)


def _logger(chance: random.Random) -> str:
    return f"com.acme.{chance.choice(_WORDS)}.{chance.choice(_WORDS).title()}Service"


def _app(chance: random.Random) -> str:
    head = f"{_iso(chance)} {chance.choice(_LEVELS)} {_logger(chance)}"
    return f"{head} - {_words(chance, chance.randrange(4, 16))} id={chance.randrange(10**8)}"


def _near_app(chance: random.Random) -> str:
    line = _app(chance)
    levels = (*_LEVELS, "")
    without_level = line.replace(f" {next(x for x in levels if x in line)} ", " LOUD ", 1)
    return chance.choice((line.replace(" - ", " : ", 1), without_level, line.replace(":", ".", 1)))


def _java(chance: random.Random) -> str:
    thread = f"http-nio-8080-exec-{chance.randrange(1, 200)}"
    level = chance.choice(_LEVELS)
    message = _words(chance, chance.randrange(4, 16))
    return f"{_iso(chance)} [{thread}] {level:5} {_logger(chance)} - {message} took {chance.randrange(9999)} ms"


def _near_java(chance: random.Random) -> str:
    line = _java(chance)
    return chance.choice(
        (line.replace(" - ", ": ", 1), line.replace("] ", " ", 1), line.replace("com.", "9.", 1))
    )


def _haproxy(chance: random.Random) -> str:
    date = f"{chance.randrange(10, 29)}/{chance.choice(_MONTHS)}/2026:{_clock(chance)}.{chance.randrange(100, 999)}"
    stamp = f"{chance.choice(_MONTHS)} {chance.randrange(10, 29)} {_clock(chance)}"
    times = "/".join(str(chance.randrange(300)) for _ in range(5))
    counts = "/".join(str(chance.randrange(50)) for _ in range(4))
    return (
        f"{stamp} lb-1 haproxy[{chance.randrange(1000, 9999)}]: {_address(chance)}:{chance.randrange(1024, 65535)} "
        f"[{date}] www-in~ shop/web-{chance.randrange(1, 9)} {times} {chance.choice((200, 302, 503))} "
        f'{chance.randrange(100_000)} - - ---- {counts}/0 0/0 {{shop.example}} {{gzip}} "GET {_path(chance)} HTTP/1.1"'
    )


def _near_haproxy(chance: random.Random) -> str:
    line = _haproxy(chance)
    damaged = (
        line.replace(" - - ", " - ", 1),
        line.replace('"GET', "GET", 1),
        line.replace("] ", " ", 1),
    )
    return chance.choice(damaged)


def _syslog(chance: random.Random) -> str:
    stamp = f"{chance.choice(_MONTHS)} {chance.randrange(10, 29)} {_clock(chance)}"
    program = (
        f"{chance.choice(('sshd', 'cron', 'kernel', 'systemd'))}[{chance.randrange(1, 32768)}]"
    )
    return f"{stamp} web-{chance.randrange(1, 99)} {program}: {_words(chance, chance.randrange(4, 16))}"


def _near_syslog(chance: random.Random) -> str:
    line = _syslog(chance)
    return chance.choice(
        (line.replace("]:", "]", 1), line.replace(":", ".", 1), line.replace(" web-", " _", 1))
    )


def far_line(chance: random.Random) -> str:
    """A line of no pattern here."""
    return chance.choice(
        (
            f'{{"level":"info","msg":"{_words(chance, 6)}","took":{chance.randrange(999)}}}',
            f'level=info took={chance.randrange(999)}ms msg="{_words(chance, 6)}"',
            f"{_words(chance, 12)}",
            f"\tat com.acme.{chance.choice(_WORDS)}.Main.run(Main.java:{chance.randrange(999)})",
        )
    )


CASES = (
    Case("apache", "^%{COMBINEDAPACHELOG}", _apache, _near_apache),
    Case(
        "app",
        "^%{TIMESTAMP_ISO8601:timestamp} %{LOGLEVEL:level} %{DATA:logger} - %{GREEDYDATA:message}",
        _app, _near_app,
    ),
    Case(
        "java",
        r"^%{TIMESTAMP_ISO8601:timestamp} \[%{DATA:thread}\] %{LOGLEVEL:level} +%{JAVACLASS:class} - %{GREEDYDATA:message}",
        _java, _near_java,
    ),
    Case("haproxy", "^%{HAPROXYHTTP}", _haproxy, _near_haproxy),
    Case("syslog", "^%{SYSLOGBASE} %{GREEDYDATA:message}", _syslog, _near_syslog),
)  # fmt: skip
