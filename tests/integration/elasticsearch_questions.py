"""Events, and questions about them, that Elasticsearch and its API over the embedded store answer alike."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from logboom.event import Event, event_id

Body = dict[str, Any]

RUN = "0123456789abe"
FIRST = datetime(2026, 11, 18, 21, 0, tzinfo=UTC)
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
COUNT = 240
_WORDS = [
    "Order",
    "refused",
    "by",
    "the",
    "timeout",
    "after",
    "retry",
    "OK",
    "größe",
]
_APART = timedelta(minutes=13, seconds=7, milliseconds=431)


def moment_of(number: int) -> datetime:
    """When an event happened: one after the other over three days, no two at one time."""
    return FIRST + _APART * number


def text_of(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def event_of(number: int) -> Event:
    """One of the events, with values of all kinds; some have none."""
    dice = random.Random(number)
    event: Event = {
        "@timestamp": text_of(moment_of(number)),
        "message": f"{' '.join(dice.choices(_WORDS, k=5))} no {number}",
        "log": {"level": dice.choice(["info", "info", "warn", "error"]), "source": RUN,
                "offset": number},
        "service": {"name": dice.choice(["cart", "pay", "ship", "cart-eu"])},
        "host": {"name": f"web-{number % 3}"},
        "event": {"id": event_id(RUN, number), "created": text_of(moment_of(number)),
                  "duration": dice.randrange(1, 10**9)},
        "attributes": {"seq": number, "region": dice.choice(["eu", "us", "EU"]),
                       "order": {"id": f"o-{number % 17}", "lines": [1, 2, number % 4]},
                       "day": f"2026-11-{number % 9 + 10:02}"},
    }  # fmt: skip
    if number % 3:
        event["http"] = {"response": {"status_code": dice.choice([200, 200, 404, 500, 503])},
                         "request": {"method": dice.choice(["GET", "POST"])}}  # fmt: skip
    if number % 4:
        event["client"] = {"ip": f"10.{number % 4}.0.{number % 7}"}
        event["attributes"]["ok"] = number % 8 < 4
    if number % 5 == 0:
        event["tags"] = ["slow", "seen"] if number % 2 else ["seen"]
        event["error"] = {"type": dice.choice(["TimeoutError", "ValueError"]),
                          "message": "connection refused by peer"}  # fmt: skip
    if number % 2:
        event["attributes"]["ratio"] = number / 8
        event["attributes"]["mixed"] = [1, "1", True, "true", 1.5, "x", 0, False][number // 2 % 8]
    return event


EVENTS = [event_of(number) for number in range(COUNT)]


def _leaves() -> list[Body]:
    """Queries that no other queries are in."""
    middle, late = text_of(moment_of(90)), text_of(moment_of(170))
    middle_ms = int(moment_of(90).timestamp() * 1000)
    return [
        {"match_all": {}},
        {"match_none": {}},
        {"match": {"message": "refused"}},
        {"match": {"message": "REFUSED timeout"}},
        {"match": {"message": {"query": "refused timeout", "operator": "and"}}},
        {"match": {"message": {"query": "refused timeout retry", "minimum_should_match": 2}}},
        {"match": {"message": {"query": "refused timeout retry", "minimum_should_match": "100%"}}},
        {"match": {"message": "cart-service"}},
        {"match": {"message": "größe"}},
        {"match": {"message": ""}},
        {"match": {"message": {"query": "refusde", "fuzziness": "AUTO"}}},
        {"match": {"message": {"query": "refusde", "fuzziness": 1}}},
        {"match": {"message": {"query": "", "zero_terms_query": "all"}}},
        {"match": {"log.level": "error"}},
        {"match": {"service.name": "cart eu"}},
        {"match": {"http.response.status_code": "404"}},
        {"match": {"attributes.seq": 17}},
        {"match": {"attributes.region": "eu"}},
        {"match_phrase": {"message": "the cart"}},
        {"match_phrase": {"message": "refused by"}},
        {"match_phrase": {"message": {"query": "refused the", "slop": 2}}},
        {"match_phrase": {"service.name": "cart-eu"}},
        {"match_phrase": {"http.response.status_code": 500}},
        {"multi_match": {"query": "refused", "fields": ["message", "error.message"]}},
        {"multi_match": {"query": "refused by", "type": "phrase", "fields": ["message^2"]}},
        {"multi_match": {"query": "refused timeout", "fields": ["message"], "operator": "and"}},
        {"multi_match": {"query": "refused peer", "fields": ["message", "error.message"],
                         "operator": "and"}},
        {"term": {"log.level": "error"}},
        {"term": {"log.level": {"value": "warn", "boost": 2}}},
        {"term": {"service.name": "cart"}},
        {"term": {"service.name": ""}},
        {"term": {"host.name": "WEB-1"}},
        {"term": {"http.response.status_code": 404}},
        {"term": {"http.response.status_code": "404"}},
        {"term": {"http.response.status_code": 404.0}},
        {"term": {"client.ip": "10.1.0.1"}},
        {"term": {"client.ip": "10.0.0.0/9"}},
        {"term": {"attributes.region": "eu"}},
        {"term": {"attributes.seq": 17}},
        {"term": {"attributes.seq": "17"}},
        {"term": {"attributes.ok": True}},
        {"term": {"attributes.ok": "false"}},
        {"term": {"attributes.mixed": 1}},
        {"term": {"attributes.mixed": "1"}},
        {"term": {"attributes.mixed": True}},
        {"term": {"attributes.mixed": "x"}},
        {"term": {"attributes.ratio": 1.125}},
        {"term": {"attributes.order.id": "o-3"}},
        {"term": {"attributes.order.lines": 3}},
        {"term": {"tags": "slow"}},
        {"term": {"@timestamp": middle}},
        {"term": {"@timestamp": middle_ms}},
        {"term": {"no.such.field": "x"}},
        {"terms": {"service.name": ["cart", "pay"]}},
        {"terms": {"http.response.status_code": [404, "500"]}},
        {"terms": {"attributes.seq": [3, 5, 1000]}},
        {"terms": {"log.level": []}},
        {"terms": {"tags": ["slow", "nothing"], "boost": 1.0}},
        {"ids": {"values": [EVENTS[3]["event"]["id"], EVENTS[200]["event"]["id"], "none"]}},
        {"term": {"_id": EVENTS[5]["event"]["id"]}},
        {"terms": {"_id": [EVENTS[5]["event"]["id"]]}},
        {"term": {"_index": "answers-2026.11.20"}},
        {"range": {"@timestamp": {"gte": middle}}},
        {"range": {"@timestamp": {"gt": middle, "lte": late}}},
        {"range": {"@timestamp": {"gte": middle, "lt": late}}},
        {"range": {"@timestamp": {"gte": middle_ms, "format": "epoch_millis"}}},
        {"range": {"@timestamp": {"gte": str(middle_ms), "format": "epoch_millis"}}},
        {"range": {"@timestamp": {"gte": middle_ms // 1000, "format": "epoch_second"}}},
        {"range": {"@timestamp": {"gte": "2026-11-20"}}},
        {"range": {"@timestamp": {"gt": "2026-11-20"}}},
        {"range": {"@timestamp": {"lte": "2026-11-20"}}},
        {"range": {"@timestamp": {"lt": "2026-11-20"}}},
        {"range": {"@timestamp": {"gte": "2026-11-20T05:00"}}},
        {"range": {"@timestamp": {"gte": "2026-11-20", "lte": "2026-11-20"}}},
        {"range": {"@timestamp": {"gte": "2026-11-20", "time_zone": "+09:00"}}},
        {"range": {"@timestamp": {"gte": "2026-11-20", "time_zone": "America/New_York"}}},
        {"range": {"@timestamp": {"gte": "2026-11-20||-6h"}}},
        {"range": {"@timestamp": {"gte": "2026-11-20T07:00||/d"}}},
        {"range": {"@timestamp": {"gt": "2026-11-19T07:00||/d"}}},
        {"range": {"@timestamp": {"lte": "2026-11-19T07:00||/d"}}},
        {"range": {"@timestamp": {"lt": "2026-11-19T07:00||/d"}}},
        {"range": {"@timestamp": {"gte": "2026-11-20T07:00||+1d/d", "lte": "2026-11||+1M"}}},
        {"range": {"@timestamp": {"gte": "2026"}}},
        {"range": {"@timestamp": {"gte": "2026-11-20T05:00:00+02:00"}}},
        {"range": {"@timestamp": {"gte": "20.11.2026", "format": "dd.MM.yyyy"}}},
        {"range": {"http.response.status_code": {"gte": 404, "lt": 503}}},
        {"range": {"http.response.status_code": {"gt": 404}}},
        {"range": {"http.response.status_code": {"gte": "500"}}},
        {"range": {"http.response.status_code": {"gt": 403.5}}},
        {"range": {"http.response.status_code": {}}},
        {"range": {"event.duration": {"gte": 5e8}}},
        {"range": {"attributes.seq.number": {"gte": 10, "lt": 20}}},
        {"range": {"attributes.ratio.number": {"gt": 1.5, "lte": 7}}},
        {"range": {"attributes.region": {"gte": "e", "lt": "f"}}},
        {"range": {"service.name": {"gt": "cart", "lte": "pay"}}},
        {"range": {"client.ip": {"gte": "10.1.0.0", "lt": "10.2.0.0"}}},
        {"exists": {"field": "http.response.status_code"}},
        {"exists": {"field": "http.response"}},
        {"exists": {"field": "http"}},
        {"exists": {"field": "tags"}},
        {"exists": {"field": "error.message"}},
        {"exists": {"field": "attributes.ratio"}},
        {"exists": {"field": "attributes.order.id"}},
        {"exists": {"field": "attributes.none"}},
        {"exists": {"field": "attributes.ratio.number"}},
        {"exists": {"field": "client.ip"}},
        {"exists": {"field": "none"}},
        {"prefix": {"service.name": "car"}},
        {"prefix": {"service.name": {"value": "CAR"}}},
        {"prefix": {"attributes.order.id": "o-1"}},
        {"prefix": {"message": "ref"}},
        {"prefix": {"host.name": "web*"}},
        {"wildcard": {"service.name": "c*t"}},
        {"wildcard": {"service.name": {"value": "*ar?-eu"}}},
        {"wildcard": {"service.name": {"wildcard": "*"}}},
        {"wildcard": {"attributes.region": "e?"}},
        {"wildcard": {"attributes.region": {"value": "eu", "case_insensitive": True}}},
        {"wildcard": {"message": "t*out"}},
        {"regexp": {"service.name": "ca.t(-eu)?"}},
        {"regexp": {"service.name": "(cart|pay)"}},
        {"regexp": {"attributes.order.id": "o-[0-9]"}},
        {"regexp": {"host.name": {"value": "web-[^1]"}}},
        {"regexp": {"host.name": {"value": "web-<1-2>", "flags": "ALL"}}},
        {"regexp": {"host.name": {"value": "web-<1-2>", "flags": "NONE"}}},
        {"regexp": {"service.name": {"value": "CART", "case_insensitive": True}}},
        {"regexp": {"message": "tim.*"}},
        {"fuzzy": {"service.name": "crat"}},
        {"fuzzy": {"service.name": {"value": "xart", "fuzziness": 1}}},
        {"fuzzy": {"service.name": {"value": "xart", "fuzziness": 1, "prefix_length": 1}}},
        {"fuzzy": {"attributes.region": {"value": "ex", "fuzziness": "AUTO"}}},
        {"fuzzy": {"attributes.region": {"value": "uS", "fuzziness": 2}}},
        *({"query_string": one} for one in _query_strings()),
    ]  # fmt: skip


def _query_strings() -> list[Body]:
    texts = [
        "refused", "refused timeout", "refused AND timeout", "refused OR timeout", "*",
        "refused NOT timeout", "+refused -timeout", "-refused", "NOT refused",
        "log.level:error", "log.level:(error OR warn)",
        "log.level:error service.name:cart", "log.level:error AND service.name:cart",
        "service.name:cart*", "service.name:\"cart-eu\"", "service.name:/ca.t/",
        "message:\"refused by\"", "\"refused by\"", "message:refus*",
        "http.response.status_code:404", "http.response.status_code:[404 TO 500]",
        "http.response.status_code:>=500", "http.response.status_code:{200 TO 503}",
        "http.response.status_code:(200 OR 404)", "event.duration:>500000000",
        "@timestamp:[2026-11-20 TO *]", "@timestamp:[2026-11-19 TO 2026-11-20]",
        "@timestamp:>=2026-11-20", "@timestamp:[2026-11-20T05:00:00Z TO 2026-11-20T08:00:00Z}",
        "_exists_:tags", "NOT _exists_:tags", "tags:slow", "tags:*", "*:*",
        "attributes.region:eu", "attributes.seq:17",
        "attributes.order.id:o\\-3", "attributes.ok:true", "attributes.mixed:1",
        "client.ip:10.1.0.1", "client.ip:\"10.0.0.0/9\"", "client.ip:[10.1.0.0 TO 10.2.0.0]",
        "(refused OR timeout) AND log.level:error", "refused timeout AND retry",
        "refused AND timeout OR retry", "refused OR timeout AND retry", "refused~1", "refsued~",
        "ti?eout", "t*", "service.name:(cart OR pay) AND NOT log.level:info", "web-1",
        "host.name:web\\-1", "host.name:web-1", "(NOT refused)", "log.level:error^2",
        "refused && timeout", "refused || timeout", "!refused", "!refused timeout", "",
        "größe", "message:(refused timeout)", "service.name:cart-eu OR refused",
        "log.level:err* AND message:time*", "attributes.seq.number:>=230",
    ]  # fmt: skip
    found: list[Body] = [{"query": text} for text in texts]
    found += [{"query": text, "analyze_wildcard": True} for text in texts[::5]]
    found += [{"query": text, "default_operator": "AND"} for text in texts[::3]]
    found += [
        {"query": "refused by", "default_operator": "and"},
        {"query": "refused", "default_field": "message"},
        {"query": "refused peer", "fields": ["message", "error.message"]},
        {"query": "@timestamp:>=2026-11-20", "time_zone": "+09:00"},
    ]
    return found


def _combined(leaves: list[Body]) -> Iterator[Body]:
    """Queries in queries."""
    dice = random.Random(11)
    for _ in range(120):
        parts: dict[str, Any] = {}
        for name in ("must", "filter", "should", "must_not"):
            if dice.random() < 0.5:
                some = dice.sample(leaves, dice.randrange(1, 4))
                parts[name] = some[0] if len(some) == 1 and dice.random() < 0.5 else some
        if "should" in parts and dice.random() < 0.6:
            count = len(parts["should"]) if isinstance(parts["should"], list) else 1
            parts["minimum_should_match"] = dice.choice(
                [0, 1, min(2, count), count, str(count), "50%", "100%", "-1", -1]
            )
        yield {"bool": parts}
    yield {"bool": {}}
    yield {"bool": {"should": []}}
    yield {"bool": {"must": []}}
    yield {"bool": {"must_not": [{"term": {"log.level": "info"}}]}}
    yield {"constant_score": {"filter": {"term": {"log.level": "error"}}, "boost": 2}}
    yield {"bool": {"filter": {"bool": {"should": [{"term": {"tags": "slow"}}]}}}}


def queries() -> list[Body]:
    """All kinds of them, and generated ones of several."""
    leaves = _leaves()
    return [*leaves, *_combined(leaves)]


def differing() -> list[Body]:
    """Queries that docs/elasticsearch-api.md names as having another answer than in Elasticsearch."""
    return [
        {"match": {"log.level": "ERROR"}},
        {"term": {"log.level": "ERROR"}},
        {"range": {"log.level": {"gte": "info"}}},
        {"term": {"attributes.seq": 17.0}},
        {"prefix": {"attributes.seq": "1"}},
        {"wildcard": {"attributes.seq": "2*"}},
        {"range": {"attributes.seq": {"gte": 10, "lt": 20}}},
        {"query_string": {"query": "level:error"}},
        {"query_string": {"query": "log.level:(error warn)"}},
        {"query_string": {"query": "attributes.region:(eu us)"}},
        {"query_string": {"query": 'message:"refused the"~2'}},
    ]
