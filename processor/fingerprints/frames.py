"""Which functions does a stack trace name, and which of them are the application's own?

Of each frame only the function, and where that is not enough the file, are kept: lines, columns,
addresses, versions and whatever is made up by a compiler or a framework change from build to build.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from processor.fingerprints import names

_MOST_LINES = 2000
_LONGEST_LINE = 1000


class Origin(IntEnum):
    """Whose code a frame is."""

    APPLICATION = 0
    LIBRARY = 1
    RUNTIME = 2


@dataclass(frozen=True, slots=True)
class Frame:
    """One call.

    Attributes:
        name: Of the function, without what changes from build to build.
        origin: Whose it is.
    """

    name: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class _Language:
    """How one language writes frames.

    Attributes:
        line: Matches the line of a frame.
        read: Makes a frame of the match; None for one that is made up.
        last_first: The frame that threw comes last.
        marker: Stands in every trace of the language.
    """

    line: re.Pattern[str]
    read: Callable[[re.Match[str]], Frame | None]
    last_first: bool = False
    marker: str = ""


def frames_of(trace: str) -> list[Frame]:
    """The frames of a trace, the one that threw first; repeated ones of a recursion once."""
    lines = [line[:_LONGEST_LINE] for line in trace.split("\n", _MOST_LINES)[:_MOST_LINES]]
    for language in _LANGUAGES:
        if language.marker not in trace:
            continue
        found = [match for line in lines if (match := language.line.match(line))]
        if found:
            if language.last_first:
                found.reverse()
            made = (language.read(match) for match in found)
            return list(dict.fromkeys(frame for frame in made if frame is not None))
    return []


def _under(name: str, prefixes: tuple[str, ...]) -> bool:
    return name.startswith(prefixes)


_JAVA_RUNTIME = (
    "java.", "javax.", "jdk.", "sun.", "com.sun.", "kotlin.", "kotlinx.", "scala.", "groovy.",
    "clojure.", "android.", "androidx.", "dalvik.", "jakarta.", "org.codehaus.groovy.",
)  # fmt: skip
_JAVA_LIBRARIES = (
    "akka.", "brave.", "ch.qos.", "com.amazonaws.", "com.fasterxml.", "com.google.", "com.mongodb.",
    "com.mysql.", "com.netflix.", "com.rabbitmq.", "com.squareup.", "com.typesafe.", "com.zaxxer.",
    "feign.", "io.dropwizard.", "io.grpc.", "io.jaegertracing.", "io.lettuce.", "io.micrometer.",
    "io.micronaut.", "io.netty.", "io.opentelemetry.", "io.quarkus.", "io.reactivex.", "io.smallrye.",
    "io.undertow.", "io.vertx.", "junit.", "net.bytebuddy.", "net.sf.", "okhttp3.", "okio.", "oracle.",
    "org.apache.", "org.aspectj.", "org.eclipse.", "org.elasticsearch.", "org.flywaydb.",
    "org.glassfish.", "org.h2.", "org.hibernate.", "org.jboss.", "org.jetbrains.", "org.jooq.",
    "org.junit.", "org.mockito.", "org.mongodb.", "org.mybatis.", "org.postgresql.", "org.quartz.",
    "org.slf4j.", "org.springframework.", "org.testng.", "play.", "reactor.", "redis.clients.",
    "retrofit2.", "rx.", "software.amazon.", "zio.", "cats.",
)  # fmt: skip
_JAVA_MADE_UP = re.compile(
    r"GeneratedMethodAccessor|GeneratedConstructorAccessor|\$\$FastClassBy|^\$Proxy|\.\$Proxy|\$\$Lambda"
    r"|LambdaForm\$|NativeMethodAccessorImpl|DelegatingMethodAccessorImpl|DirectMethodHandleAccessor"
)


def _java(match: re.Match[str]) -> Frame | None:
    name = match[1]
    if _JAVA_MADE_UP.search(name):
        return None
    runtime, library = _under(name, _JAVA_RUNTIME), _under(name, _JAVA_LIBRARIES)
    origin = Origin.RUNTIME if runtime else Origin.LIBRARY if library else Origin.APPLICATION
    return Frame(names.java(name), origin)


def _place(path: str, function: str) -> str:
    """A function with the last two steps of its file: where it is installed does not matter."""
    steps = re.split(r"[/\\]", path)
    stem = "/".join(steps[-2:]).rpartition(".")[0] or steps[-1]
    return f"{stem}:{function}"


def _python(match: re.Match[str]) -> Frame:
    path, function = match[1], match[2]
    if path.startswith("<frozen ") or re.search(r"[/\\]lib(?:64)?[/\\]python\d", path):
        origin = Origin.LIBRARY if "-packages" in path else Origin.RUNTIME
    elif "site-packages" in path or "dist-packages" in path:
        origin = Origin.LIBRARY
    else:
        origin = Origin.APPLICATION
    return Frame(_place(path, function.strip()), origin)


def _go(match: re.Match[str]) -> Frame | None:
    name = match[1] or match[2]
    if name == "panic" or name.startswith(("goroutine ", "created by")):
        return None
    package = name.rpartition("/")[0] or name.partition(".")[0]
    first = package.partition("/")[0]
    is_ours = "." in first or first == "main"
    origin = Origin.APPLICATION if is_ours else Origin.RUNTIME
    return Frame(names.go(name), origin)


def _node(match: re.Match[str]) -> Frame:
    call = match[1]
    function, between, place = call.removesuffix(")").rpartition(" (")
    if not between:
        function, place = "", call.removeprefix("async ")
    function = re.sub(r"^(?:async |new )+| \[as [^\]]*\]$", "", function)
    if place.startswith(("node:", "internal/", "native", "<anonymous>")):
        origin = Origin.RUNTIME
    elif "node_modules" in place:
        origin = Origin.LIBRARY
    else:
        origin = Origin.APPLICATION
    file = re.sub(r"(?::\d+){1,2}$", "", re.split(r"[/\\]", place)[-1]).partition("?")[0]
    return Frame(f"{names.bundle(file)}:{function}", origin)


def _ruby(match: re.Match[str]) -> Frame:
    path, function = match[1], re.sub(r"\(\d+ levels\) ", "", match[2])
    if re.search(r"/lib/ruby/(?!gems)|<internal:|^-e$", path):
        origin = Origin.RUNTIME
    elif "/gems/" in path:
        origin = Origin.LIBRARY
    else:
        origin = Origin.APPLICATION
    return Frame(_place(path, function), origin)


_NET_RUNTIME = ("System.", "Microsoft.", "Windows.", "Interop.", "lambda_method")
_NET_LIBRARIES = (
    "Newtonsoft.", "Npgsql.", "MySql.", "MongoDB.", "StackExchange.", "Serilog.", "NLog.", "Dapper.",
    "Autofac.", "MediatR.", "MassTransit.", "Polly.", "Grpc.", "Amazon.", "Azure.", "RabbitMQ.",
    "Confluent.", "Castle.", "NHibernate.", "Xunit.", "NUnit.", "Moq.", "AutoMapper.", "FluentValidation.",
)  # fmt: skip


def _dot_net(match: re.Match[str]) -> Frame:
    name = match[1]
    runtime, library = _under(name, _NET_RUNTIME), _under(name, _NET_LIBRARIES)
    origin = Origin.RUNTIME if runtime else Origin.LIBRARY if library else Origin.APPLICATION
    return Frame(names.dot_net(name), origin)


def _php(match: re.Match[str]) -> Frame | None:
    path, function = match[1], match[2]
    if path == "[internal function]":
        return None
    origin = Origin.LIBRARY if "/vendor/" in path else Origin.APPLICATION
    return Frame(re.sub(r"@anonymous.*?(?=->|::|$)", "@anonymous", function), origin)


_RUST_RUNTIME = (
    "std::",
    "core::",
    "alloc::",
    "rust_",
    "__rust",
    "_rust",
    "__libc",
    "_start",
    "main",
)
_RUST_LIBRARIES = (
    "tokio::",
    "hyper::",
    "futures",
    "actix",
    "axum::",
    "tower",
    "rayon",
    "serde",
    "mio::",
)


def _rust(match: re.Match[str]) -> Frame | None:
    name = match[1]
    plain = name.lstrip("<&")
    if _under(plain, _RUST_RUNTIME):
        return Frame(names.rust(name), Origin.RUNTIME)
    origin = Origin.LIBRARY if _under(plain, _RUST_LIBRARIES) else Origin.APPLICATION
    return Frame(names.rust(name), origin)


_NATIVE_RUNTIME = re.compile(
    r"__|_start\b|abort\b|raise\b|std::|operator (?:new|delete)|malloc\b|free\b|mem(?:cpy|set|move)\b|pthread_|clone\b"
)


def _native(match: re.Match[str]) -> Frame:
    name = re.sub(r"\(.*", "", match[1])
    origin = Origin.RUNTIME if _NATIVE_RUNTIME.match(name) else Origin.APPLICATION
    return Frame(names.rust(name), origin)


def _dart(match: re.Match[str]) -> Frame:
    origin = Origin.RUNTIME if match[2].startswith("dart:") else Origin.APPLICATION
    library = match[2].startswith("package:flutter")
    return Frame(f"{match[2]}:{match[1]}", Origin.LIBRARY if library else origin)


_BEAM_RUNTIME = frozenset({"stdlib", "elixir", "kernel", "logger", "ex_unit", "mix", "iex"})
_BEAM_LIBRARIES = frozenset({"phoenix", "plug", "ecto", "ecto_sql", "db_connection", "cowboy", "plug_cowboy", "bandit", "oban"})  # fmt: skip


def _elixir(match: re.Match[str]) -> Frame:
    name = (match[1] or "").partition(" ")[0]
    runtime, library = name in _BEAM_RUNTIME, name in _BEAM_LIBRARIES
    origin = Origin.RUNTIME if runtime else Origin.LIBRARY if library else Origin.APPLICATION
    return Frame(match[2], origin)


_LANGUAGES = (
    _Language(re.compile(r"[ \t|]*File \"([^\"]+)\", line \d+, in (.+)"), _python, last_first=True),
    _Language(
        re.compile(
            r"[ \t]+at (?:[\w.@-]*/{1,2}){0,3}([\w$.<>-]+)\((?:[\w$-]+\.(?:java|kt|kts|scala|groovy|clj)(?::\d+)?"
            r"|Native Method|Unknown Source|<generated>|[\w$-]+\.java)\)"
        ),
        _java,
    ),
    _Language(re.compile(r"#\d+ (\[internal function\]|[^(:]+)(?:\(\d+\))?: ([^(]+)\("), _php),
    _Language(re.compile(r"#\d+ {2,}(.+?) \(((?:dart|package|file):[^:)]+)"), _dart),
    _Language(re.compile(r" +\d+: (?:0x[0-9a-f]+ - )?((?:<|[A-Za-z_])[^\n]*)"), _rust, marker="stack backtrace:"),
    _Language(
        re.compile(r"[ \t]+at (.+:\d+:\d+\)?|.+ \((?:native|<anonymous>|node:[^)]*|internal/[^)]*)\))$"),
        _node,
    ),
    _Language(re.compile(r"[ \t]*(?:\d+: |from )?([^\s:][^:\n]*):\d+:in [`']([^'\n]+)'"), _ruby),
    _Language(re.compile(r" +at ([^\s(][^(\n]*)\([^\n]*"), _dot_net),
    _Language(re.compile(r" *#\d+ +(?:0x[0-9a-f]+ (?:in )?)?(.+?)(?: \(|\+0x| \.{0,2}/| \S+:\d+| at |$)"), _native),
    _Language(re.compile(r" +(?:\(([\w ./-]+)\) )?\S+\.(?:exs?|erl):\d+: (.+)"), _elixir),
    _Language(re.compile(r"([\w./*()\[\]{}·~-]+\.[\w.()*\[\]·{}]+)\((?:0x|\.\.\.|\{|\)|[\w, ?.*{}]*\))|([\w./-]+\.[\w.()*]+)$"), _go, marker=".go:"),
)  # fmt: skip


def origins(frames: list[Frame]) -> Iterator[list[str]]:
    """The names of the application's frames, then those with the libraries', then all."""
    for origin in Origin:
        yield [frame.name for frame in frames if frame.origin <= origin]
