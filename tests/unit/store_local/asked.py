"""Events and queries that are generated: the same for all stores that have to agree."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from math import comb
from typing import Any

from hypothesis import strategies as st

from logboom.event import Event, event_id, source_run
from logboom.query import model
from logboom.query.analysis import words

DAY = date(2026, 3, 14)
WORDS = [
    "timeout",
    "Connection",
    "refused",
    "retry",
    "user-id",
    "a.b.C",
    "주문",
    "실패",
    "ÜBER",
    "42",
    "db-1",
    "検索",
    "検索に失敗しました",
    "주문이",
    "결제오류가",
    "DB오류",
    "x12345오류",
    "CPU使用率90",
    "การเชื่อมต่อล้มเหลว",
    "\uff32\uff25\uff34\uff32\uff39",
    "u\u0308ber",
    "\uff83\uff9e\uff70\uff80",
    "データ",
    "\u110c\u116e\u1106\u116e\u11ab",
    "🚀",
    "주문👍🏽",
]
SOUGHT = [*WORDS, "失敗", "索に", "오류", "使用率", "cpu使", "เชื่อม", "使用率9", "가"]
"""Words as they are, and parts of those that stand for all words that they are a part of."""
VALUES: list[Any] = [
    "eu", "EU West", "", "a*b", "12", "12.0", "true", "x\\y", "über", "z" * 30, "2026-03-14T09:00:00Z",
    0, 1, 7, 12, -5, 2**40, 0.5, 12.0, -1e10, 1e20, True, False, None, ["eu", 12], [1, [2, "x\\y"]], {"in": 7},
]  # fmt: skip
LIKE_TIMES = [
    "2026-03-14T09:00:00Z", "2026-03-14t09:00:00z", "2026-03-14 09:00:00.5+01:00", "2026-03-14_09:00:00Z",
    "2026-03-14\"09:00:00Z", "2026-03-14\x0009:00:00-00:00", "0001-01-01T00:00:00Z", "2026-03-14T09:00Z",
    "2026-03-14T09:00:00", "2026-03-14T09:00:60Z", "2026-02-30T09:00:00Z", "2026-03-14T09:00:00Zulu",
    "2026-06-30T23:59:60Z", "at 2026-03-14T09:00:00Z", "2026-03-14T09:00:00Z\0",
]  # fmt: skip
NUMBERED: dict[str, list[Any]] = {
    "signed": [-(2**62), -7, -1, 0, 1, 12, 2**40, 2**62, [-7, 7]],
    "unsigned": [0, 1, 12, 2**40, 2**63 + 5, 2**64 - 1, [1, 2**63 + 9]],
    "fractions": [-1e300, -1e20, -1.5, -1, -0.25, -5e-324, -0.0, 0, 5e-324, 0.5, 12, 1e20, [-0.5, 7.5]],
}  # fmt: skip
"""Own names by the numbers under them: each kind makes a column of another type."""
STATUSES: list[Any] = [200, 404, 500, 503]
ADDRESSES = ["10.1.2.3", "10.200.0.1", "192.168.0.1", "2001:db8::1", "::ffff:10.1.2.3"]


def _corpus() -> list[Event]:
    dice = random.Random(7)
    runs = [source_run("differential", n) for n in range(3)]
    events = []
    for number in range(400):
        run = dice.choice(runs)
        time = datetime(2026, 3, 14, tzinfo=UTC) + timedelta(milliseconds=number // 3 * 500)
        text = time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        event: Event = {
            "@timestamp": text,
            "message": " ".join(dice.choices(WORDS, k=dice.randint(0, 5))),
            "event": {"id": event_id(run, number), "created": text},
            "log": {"source": run, "offset": number},
        }
        if dice.random() < 0.7:
            event["log"]["level"] = dice.choice(["info", "warn", "error"])
        if dice.random() < 0.6:
            event["service"] = {"name": dice.choice(["cart", "cart-v2", "checkout", "Kasse über"])}
        if dice.random() < 0.3:
            event["http"] = {"response": {"status_code": dice.choice(STATUSES)}}
        if dice.random() < 0.3:
            event["client"] = {"ip": dice.choice(ADDRESSES)}
        if dice.random() < 0.2:
            event["tags"] = dice.sample(["error", "slow", "late"], 2)
        if dice.random() < 0.2:
            event["trace"] = {"id": f"{dice.getrandbits(16):032x}"}
        if dice.random() < 0.2:
            error = {
                "type": dice.choice(["E", "java.E"]),
                "message": " ".join(dice.choices(WORDS, k=3)),
            }
            event["error"] = error | ({"stack_trace": "at a.b.C"} if dice.random() < 0.5 else {})
        _put_attributes(event, dice)
        if dice.random() < 0.3:
            _put_a_time(event, dice)
        events.append(event)
    return events


def _put_attributes(event: Event, dice: random.Random) -> None:
    if dice.random() < 0.6:
        event["attributes"] = {
            dice.choice(["k", "n", "deep.er", "od d", 'q"u']): dice.choice(VALUES) for _ in range(2)
        }
    if dice.random() < 0.3:
        name = dice.choice(list(NUMBERED))
        event.setdefault("attributes", {})[name] = dice.choice(NUMBERED[name])


def _put_a_time(event: Event, dice: random.Random) -> None:
    """A text that looks like a time, in any of the places where one may stand."""
    text = dice.choice(LIKE_TIMES)
    match dice.randrange(7):
        case 0:
            event["service"] = {"name": text}
        case 1:
            event["host"] = {"name": text, "more": {"deep": [text, {"er": text}]}}
        case 2:
            event["log"]["logger"] = text
        case 3:
            event["error"] = {"type": text, "message": text}
        case 4:
            event["user"] = {"id": [text, "cart"]}
        case 5:
            event.setdefault("attributes", {})["deep"] = {"at": [text], "er": {"at": text}}
        case _:
            event["message"] = text


EVENTS = _corpus()


TEXTS = st.sampled_from([None, "message", "error.message"])
KEYWORDS = st.sampled_from(
    ["log.level", "service.name", "tags", "trace.id", "error.type", "log.source", "host.name",
     "log.logger", "user.id"]
)  # fmt: skip
OWN_NUMBERS = st.sampled_from(["k", "n", *NUMBERED]).map("attributes.{}".format)
ATTRIBUTES = st.sampled_from(
    ["k", "n", "deep.er", "od d", 'q"u', "k.in", "none", "deep.at", "deep.er.at", *NUMBERED]
).map("attributes.{}".format)
ANY_FIELD = st.sampled_from(
    ["message", "log.level", "service.name", "tags", "trace.id", "error.type", "error.message",
     "error.stack_trace", "host.more.deep", "user.id", "http.response.status_code", "client.ip", "@timestamp", "event.id", "log.offset"]
) | ATTRIBUTES  # fmt: skip
LITERALS = st.sampled_from([str(value) for value in VALUES if isinstance(value, str | int | float)])
KEYWORD_VALUES = st.sampled_from(
    ["info", "error", "cart", "cart-v2", "Kasse über", "slow", "E", "x"]
) | st.text(max_size=3)
TIME_TEXTS = st.sampled_from(LIKE_TIMES)
PIECES = st.sampled_from([*"acertuZ0*?*?-.:\\🚀", "주", "ü", "eu", "12", "\\*", " ", "2026-03-14"])
PATTERNS = st.lists(PIECES, max_size=5).map("".join)
REGEXPS = st.sampled_from(
    [
        "c.*t",
        "(cart|x)(-v[0-9])?",
        "[a-f]+",
        "e.?",
        "t[^x]*t",
        "\\d+",
        ".*",
        "a\\*b",
        "주.|실패",
        "\\w+",
        "[^a]+",
        "2026.{16}",
        "2026[^Z]{15}[^a]",
        ".{20}[^a]",
        "[^t]+.",
        "[2-T]{19}(Z|z)?",
    ]
)
NUMBERS = st.sampled_from(["0", "12", "7.5", "12.0", "-5", "1e20", "200", "503", "1e25", "-0.5"])
MORE_NUMBERS = NUMBERS | st.sampled_from(
    ["-0.0", "-1", "1", "-1.5", "5e-324", "-5e-324", "1e-7", "-0.25", "1e300", "-1e300", "-1e20", "-1e19",
     "1e19", "9007199254740992.0", "9223372036854775806", "9223372036854775817", "18446744073709551615",
     "-9223372036854775808", "4503599627370495.5"]
)  # fmt: skip
TIMES = st.sampled_from(
    [
        "2026-03-14T00:00:00Z",
        "2026-03-14T00:00:30.500Z",
        "2026-03-14T00:01:00Z",
        "2027-01-01T00:00:00Z",
    ]
)
ENDS = st.booleans()


def ranges(
    fields: st.SearchStrategy[str], ends: st.SearchStrategy[str]
) -> st.SearchStrategy[model.Range]:
    return st.builds(
        model.Range, fields, st.none() | ends, ends, include_lower=ENDS, include_upper=ENDS
    ) | st.builds(model.Range, fields, ends, st.none(), include_lower=ENDS, include_upper=ENDS)


PHRASES = st.lists(st.sampled_from(SOUGHT), min_size=1, max_size=3).map(" ".join)


def _is_bounded(phrase: model.Phrase) -> bool:
    """Phrases that can be spaced in too many ways are refused, which other tests see."""
    spaces = max(0, len(words(phrase.value)) - 1)
    return comb(spaces + phrase.slop, phrase.slop) <= 50


LEAVES: st.SearchStrategy[model.Query] = st.one_of(
    st.just(model.MatchAll()),
    st.builds(model.Term, TEXTS, PHRASES | st.text(max_size=4)),
    st.builds(model.Phrase, TEXTS, PHRASES, st.integers(0, 3)).filter(_is_bounded),
    st.builds(model.Wildcard, TEXTS | KEYWORDS | ATTRIBUTES, PATTERNS),
    st.builds(model.Regex, TEXTS | KEYWORDS | ATTRIBUTES, REGEXPS),
    st.builds(
        model.Fuzzy,
        st.just("message"),
        st.sampled_from(["timout", "refused", "retyr", "conection"]),
        st.integers(0, 2),
    ),
    st.builds(
        model.Fuzzy, KEYWORDS, st.sampled_from(["crat", "info", "checkotu"]), st.integers(0, 2)
    ),
    st.builds(
        model.Fuzzy,
        KEYWORDS | ATTRIBUTES,
        st.sampled_from(["2026-03-14T09:01:00Z", "2026-03-1409:00:00Z", "2026-03-14T09:00:00Z+"]),
        st.integers(0, 2),
    ),
    st.builds(model.Term, KEYWORDS, KEYWORD_VALUES | TIME_TEXTS),
    st.builds(model.Term, ATTRIBUTES, LITERALS | MORE_NUMBERS | TIME_TEXTS | st.text(max_size=3)),
    st.builds(model.Term, st.just("http.response.status_code"), NUMBERS | st.just("404")),
    st.builds(model.Term, st.just("log.offset"), st.integers(-1, 401).map(str)),
    st.builds(
        model.Term,
        st.just("client.ip"),
        st.sampled_from([*ADDRESSES[:4], "10.0.0.0/8", "2001:db8::/64", "0.0.0.0/0"]),
    ),
    st.builds(
        model.Term,
        st.just("event.id"),
        st.sampled_from([event["event"]["id"] for event in EVENTS[:5]] + ["x"]),
    ),
    st.builds(model.Exists, ANY_FIELD),
    ranges(st.just("http.response.status_code") | st.just("log.offset"), NUMBERS),
    ranges(OWN_NUMBERS, MORE_NUMBERS),
    ranges(ATTRIBUTES | KEYWORDS, TIME_TEXTS | st.sampled_from(["2026", "2026-03-14T09:00:00Za"])),
    ranges(ATTRIBUTES, NUMBERS | st.sampled_from(["eu", "a*", "ü", "2026"])),
    ranges(
        KEYWORDS | st.just("message"), st.sampled_from(["a", "cart", "error", "info", "tim", "주"])
    ),
    ranges(st.just("@timestamp") | st.just("event.created"), TIMES),
    ranges(
        st.just("client.ip"),
        st.sampled_from(["10.0.0.0", "10.255.255.255", "192.168.0.1", "2001:db8::1"]),
    ),
)
LEAF_TEXTS = [
            "*", "conn*", "*usals", "re?ry", "检索", "*部*", "a.b*", "timeuot~", "retri~1", "/t.*t/", "/[a-z]+/",
            "user-id", "a.b.C", "b.C", "db-1^2", "DB*", "주문*", "*오류*", "level:error", "level:ERR", "level:>=warn",
            "level:(info OR warn)", "-level:*", "_exists_:trace", "trace:*", "_exists_:error", "service:cart",
            "service:\"Kasse über\"", "service:Kasse\\ über", "service:(cart OR checkout)", "service:c*",
            "service:cart?v2", "service:/cart(-v[0-9])?/", "service:crat~", "service:[cart TO checkout}",
            "service:>cart", "status:404", "status:[400 TO 500}", "status:{200 TO *]", "status:>=500",
            "status:(>=400 AND <=500)", "ip:10.1.2.3", "ip:10.0.0.0/8", "ip:2001:db8::/32",
            "ip:[10.0.0.0 TO 10.200.0.1}", "ip:>=192.168.0.0", "tags:slow", "tags:(slow AND error)", "tags:*",
            "error:java.E", "message:(timeout OR retry)", "message:\"a.b.C\"", "error.message:refused",
            "error.stack_trace:at", "message:[conn TO refused]", "k:eu", "k:12", "k:12.0", "k:true", "k:[0 TO 12]",
            "k:>0.5", "k:e*", "k:\"EU West\"", "k:a\\*b", "n:>=-5", "n:{1 TO 12}", "deep.er:7", "k.in:7",
            "_exists_:k", "k:*", "signed:[-7 TO 12]", "fractions:<0", "unsigned:>9223372036854775808",
            "time:2026-03-14", "time:>=2026-03-14T00:01", "time:[2026-03-14T00:00:10Z TO 2026-03-14T00:00:20Z]",
            "time:{2026-03-14T00:00:10Z TO *]", "time:<now-1d/d", "duration:>1s", "attributes.n:[1 TO 12]",
            "user:cart", "host:*", "file:*", "log.offset:[10 TO 200]", "offset:5", "*:*", "message:*",
    "status:*", "_exists_:ip", "time:*", "attributes.k:cart~1", "k:/e.*/",
]  # fmt: skip
"""Each form of docs/queries.md, on fields of each type."""
TEXT_LEAVES = st.one_of(
    st.sampled_from(SOUGHT),
    PHRASES.map('"{}"'.format),
    st.builds('"{}"~{}'.format, PHRASES, st.integers(0, 2)),
    st.sampled_from(LEAF_TEXTS),
)
JOINTS = st.sampled_from(
    [" ", " AND ", " OR ", " && ", " || ", " NOT ", " -", " !", " AND NOT ", " OR -"]
)
QUERY_TEXTS = st.recursive(
    TEXT_LEAVES,
    lambda inner: st.one_of(
        st.builds("{}{}{}".format, inner, st.sampled_from([" ", " AND ", " OR "]), inner),
        st.builds("({}){}({})".format, inner, JOINTS, inner),
        inner.map("-({})".format),
        inner.map("NOT ({})".format),
        st.builds("+({})^2 +({})".format, inner, inner).map("({})".format),
    ),
    max_leaves=5,
)
"""Queries as users write them, in every form that docs/queries.md has."""
NOW_NS = 1_774_000_000_000_000_000

QUERIES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(model.Not, inner),
        st.builds(model.And, st.tuples(inner, inner)),
        st.builds(model.Or, st.tuples(inner, inner)),
        st.builds(model.And, st.tuples(inner, inner, inner)),
    ),
    max_leaves=5,
)
