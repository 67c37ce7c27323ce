"""The text formats that are recognised without settings: each a pattern and what its groups are."""

from __future__ import annotations

import re
from dataclasses import dataclass

from shipper.parsers.port import Fields

_LEVEL = (
    r"(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERR(?:OR)?|FATAL|CRIT(?:ICAL)?|SEVERE|EMERG|ALERT|CONFIG|FINE(?:R|ST)?"
    r"|[Tt]race|[Dd]ebug|[Ii]nfo|[Nn]otice|[Ww]arn(?:ing)?|[Ee]rr(?:or)?|[Ff]atal|[Cc]rit(?:ical)?)"
)
_ISO = r"\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?"


@dataclass(frozen=True, slots=True)
class TextFormat:
    """A named text format.

    Attributes:
        pattern: Matched at the begin of the text; group names are those in `_FIELDS`.
        sample: A line of it; a test parses it.
    """

    name: str
    pattern: str
    sample: str


_FIELDS: dict[str, str] = {
    "time": "@timestamp",
    "level": "log.level",
    "logger": "log.logger",
    "thread": "process.thread.name",
    "message": "message",
    "host": "host.name",
    "program": "process.name",
    "pid": "process.pid",
    "client": "client.ip",
    "user": "user.name",
    "method": "http.request.method",
    "url": "url.original",
    "version": "http.version",
    "status": "http.response.status_code",
    "bytes": "http.response.body.bytes",
    "referrer": "http.request.referrer",
    "agent": "user_agent.original",
    "node": "attributes.node",
}
_NUMBERS = frozenset({"pid", "status", "bytes"})

TEXT_FORMATS: tuple[TextFormat, ...] = (
    TextFormat(
        "access",
        r"(?P<client>\S+) \S+ (?P<user>\S+) \[(?P<time>\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] "
        r'"(?:(?P<method>[A-Z]+) (?P<url>\S+)(?: HTTP/(?P<version>[\d.]+))?|[^"]*+)" '
        r"(?P<status>\d{3}) (?:(?P<bytes>\d+)|-)"
        r'(?: "(?P<referrer>[^"]*+)" "(?P<agent>(?:[^"\\]|\\.)*+)")?',
        '203.0.113.7 - ada [10/Oct/2026:13:55:36 +0200] "GET /cart?id=7 HTTP/1.1" 200 2326 "-" "curl/8"',
    ),
    TextFormat(
        "elasticsearch",
        rf"\[(?P<time>{_ISO})\]\[(?P<level>[A-Z]+) *\]\[(?P<logger>[^\]]+?) *\] \[(?P<node>[^\]]*)\] ?(?P<message>(?s:.*))",
        "[2026-10-10T13:55:36,123][WARN ][o.e.n.Node               ] [node-1] initialized",
    ),
    TextFormat(
        "kafka",
        rf"\[(?P<time>{_ISO})\] (?P<level>[A-Z]+) (?P<message>(?s:.*))",
        "[2026-10-10 13:55:36,123] INFO Registered broker 1 (kafka.server.BrokerServer)",
    ),
    TextFormat(
        "spring",
        rf"(?P<time>{_ISO}) +(?P<level>{_LEVEL}) (?P<pid>\d+) --- (?:\[[^\]]*\] )?\[ *(?P<thread>[^\]]*)\] (?P<logger>\S+) *: (?P<message>(?s:.*))",
        "2026-10-10T13:55:36.123+02:00  INFO 4711 --- [  main] c.a.shop.CartService   : started",
    ),
    TextFormat(
        "logback",
        rf"(?P<time>{_ISO}) \[(?P<thread>[^\]]*)\] (?P<level>{_LEVEL}) +(?P<logger>[\w$.\[\]/-]+) - (?P<message>(?s:.*))",
        "2026-10-10 13:55:36,123 [main] ERROR com.acme.Cart - cannot load",
    ),
    TextFormat(
        "dashed",
        rf"(?P<time>{_ISO}) (?P<level>{_LEVEL}) +(?P<logger>[\w$.\[\]/-]+) - (?P<message>(?s:.*))",
        "2026-10-10 13:55:36,123 ERROR com.acme.Cart - cannot load",
    ),
    TextFormat(
        "python",
        rf"(?P<time>{_ISO}) - (?P<logger>[\w.]+) - (?P<level>{_LEVEL}) - (?P<message>(?s:.*))",
        "2026-10-10 13:55:36,123 - shop.cart - ERROR - cannot load",
    ),
    TextFormat(
        "bracketed",
        rf"\[?(?P<time>{_ISO})\]? \[?(?P<level>{_LEVEL})\]?:? +(?P<message>(?s:.*))",
        "2026-10-10 13:55:36 [error] 7#7: *1 open() failed",
    ),
    TextFormat(
        "syslog",
        r"(?:<\d{1,3}>)?(?P<time>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\S+) (?P<host>[\w.:-]+) "
        r"(?P<program>[^\s:\[]+)(?:\[(?P<pid>\d+)\])?: (?P<message>(?s:.*))",
        "Oct 10 13:55:36 web-1 sshd[4711]: Accepted publickey for ada",
    ),
    TextFormat(
        "timed",
        rf"\[?(?P<time>{_ISO})\]?:? +(?P<message>(?s:.*))",
        "2026-10-10 13:55:36 status installed libc6:amd64 2.36",
    ),
    TextFormat(
        "threaded",
        rf"(?P<level>{_LEVEL}) +\[(?P<thread>[^\]]*)\] (?P<logger>[\w$.\[\]/-]+) - (?P<message>(?s:.*))",
        "INFO  [main] com.acme.Cart - loaded",
    ),
    TextFormat(
        "levelled",
        rf"\[?(?P<level>{_LEVEL})\]?(?::(?P<logger>[\w.]+):| *[:|-] *|\] ?| {{1,4}})(?P<message>(?s:.*))",
        "ERROR:shop.cart:cannot load",
    ),
)


class TextParser:
    """Parses one text format."""

    def __init__(self, text_format: TextFormat) -> None:
        self.name = text_format.name
        compiled = re.compile(text_format.pattern)
        self._match = compiled.match
        names = sorted(compiled.groupindex.items(), key=lambda item: item[1])
        self._fields = tuple((_FIELDS[name], name in _NUMBERS) for name, _ in names)
        self._has_message = "message" in compiled.groupindex

    def parse(self, text: str) -> Fields | None:
        """See `Parser.parse`."""
        match = self._match(text)
        if match is None:
            return None
        fields: Fields = {}
        for (name, is_number), value in zip(self._fields, match.groups(), strict=True):
            if value is not None and value != "-":
                fields[name] = int(value) if is_number else value
        if not self._has_message:
            fields["message"] = text
        return fields
