"""Lines that begin an event of their own, among others whose entries have a shape."""

from __future__ import annotations

import pytest

from logboom.config import FileInput
from shipper.framing import make_framing

SHAPED = "2026-10-10 13:55:36 one"
BEGINS = [
    "[NOTICE]   (1) : haproxy version is 3.0.5",
    "[ALERT]    (8) : backend 'shop' has no server available!",
    "[info] a line",
    '[GIN] 2026/10/10 - 13:55:36 | 200 |      43.291µs |       127.0.0.1 | GET      "/ping"',
    "[GIN-debug] GET    /ping                     --> main.main.func1 (3 handlers)",
    '[10/Oct/2026 13:55:36] "GET / HTTP/1.1" 200 2326',
    "[10-Oct-2026 13:55:36 UTC] PHP Warning:  x",
    "203.0.113.7:52144 [10/Oct/2026:13:55:36.123] db pg/pg-1 0/1/5007 212 -- 1/1/1/1/0 0/0",
    'shop.example:443 203.0.113.7 - - [10/Oct/2026:13:55:36 +0000] "GET / HTTP/1.1" 200 1',
    '203.0.113.7, 10.0.0.1 - - [10/Oct/2026:13:55:36 +0000] "GET / HTTP/1.1" 200 1',
    '172.18.0.5 -  10/Oct/2026:13:55:36 +0000 "GET /index.php" 200',
    "GET /cart 200 12.345 ms - 2326",
    'Started GET "/" for 127.0.0.1 at 2026-10-10 13:55:36 +0000',
    "Processing by HomeController#index as HTML",
    "I20261010 13:55:36.123456 4711 main.cc:12] glog",
    "1.791640536123e+09\tinfo\tsetup\tstarting",
    "4711:signal-handler (1791640536) Received SIGTERM scheduling shutdown...",
    "<6>[12345.678901] eth0: link up",
    "tls 2.0 2026-10-10T13:55:36 net/shop/c6e77e28c25b2234 g3d4 203.0.113.7:52144",
    "467 [main] INFO org.acme.Cart - loaded",
    "nginx: [emerg] host not found in upstream",
    "CEF:0|Acme|Shield|1.2|100|Port scan|7|src=203.0.113.7",
]


def texts(*lines: str) -> list[str]:
    framing = make_framing(FileInput(path=["x"]), max_event_bytes=100_000)
    return framing.cut("\n".join(lines).encode(), ended=True).texts


@pytest.mark.parametrize("line", BEGINS)
def test_a_line_that_is_an_entry_is_not_glued_to_the_one_before(line: str) -> None:
    assert texts(SHAPED, line, line, SHAPED) == [SHAPED, line, line, SHAPED]


@pytest.mark.parametrize("line", BEGINS)
def test_such_a_line_does_not_glue_others_to_itself(line: str) -> None:
    assert texts(line, "Not Found: /x")[-1] == "Not Found: /x"


@pytest.mark.parametrize("rows", [["GET /a 200", "POST /b 500"], ["- /a", "203.0.113.7 /b", " x"]])
def test_each_row_behind_a_line_of_fields_is_an_event(rows: list[str]) -> None:
    head = [
        "2026-10-10 13:55:36 before",
        "\tmore",
        "#Version: 1.0",
        "#Fields: cs-method cs-uri-stem",
    ]
    assert texts(*head, *rows) == ["\n".join(head[:2]), *head[2:], *rows]


def test_rows_are_known_in_the_next_buffer() -> None:
    framing = make_framing(FileInput(path=["x"]), max_event_bytes=100_000)
    first = framing.cut(b"#Date: 2026-10-10\n#Fields: cs-method\nGET\n", ended=False)
    second = framing.cut(b"GET\nPOST\nGET\n", ended=False)
    assert first.consumed == len(b"#Date: 2026-10-10\n#Fields: cs-method\n")
    assert second.texts == ["GET", "POST", "GET"]
