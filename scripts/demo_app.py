"""A small application that logs as applications do: JSON, text with stack traces, access logs.

Usage: demo_app.py FOLDER [EVENTS_PER_SECOND]
"""

from __future__ import annotations

import contextlib
import json
import random
import sys
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

_PATHS = ("/cart", "/cart/checkout", "/products/17", "/login", "/orders/4711")
_JAVA = """com.acme.shop.PaymentException: card was declined
\tat com.acme.shop.Payment.charge(Payment.java:{line})
\tat com.acme.shop.Checkout.pay(Checkout.java:88)
\tat com.acme.shop.CheckoutController.post(CheckoutController.java:41)
\tat java.base/java.lang.Thread.run(Thread.java:1583)
Caused by: java.net.SocketTimeoutException: connect timed out
\tat java.base/sun.nio.ch.NioSocketImpl.timedFinishConnect(NioSocketImpl.java:546)
\tat com.acme.net.Client.connect(Client.java:120)
\t... 3 more"""


def json_line(dice: random.Random, now: datetime) -> str:
    """One event of the service `shop`."""
    failed = dice.random() < 0.05
    return json.dumps(
        {
            "timestamp": now.isoformat(timespec="milliseconds"),
            "level": "ERROR" if failed else "INFO",
            "logger": "shop.orders",
            "message": "order could not be saved" if failed else "order was saved",
            "service": "shop",
            "trace_id": f"{dice.getrandbits(128):032x}",
            "duration_ms": round(dice.expovariate(1 / 40), 1),
            "order": {"id": dice.randrange(10_000), "items": dice.randrange(1, 9)},
        }
    )


def java_lines(dice: random.Random, now: datetime) -> str:
    """One entry of a Java service, sometimes with a nested stack trace."""
    head = f"{now:%Y-%m-%d %H:%M:%S},{now.microsecond // 1000:03d}"
    if dice.random() < 0.1:
        trace = _JAVA.format(line=dice.randrange(40, 60))
        return f"{head} ERROR com.acme.shop.Checkout - payment failed\n{trace}"
    return f"{head} INFO com.acme.shop.Checkout - payment accepted"


def python_lines(dice: random.Random, now: datetime) -> str:
    """One entry of a Python service, sometimes with a real traceback."""
    head = f"{now:%Y-%m-%d %H:%M:%S},{now.microsecond // 1000:03d}"
    if dice.random() < 0.1:
        try:
            _load({"cart": dice.randrange(100)})
        except KeyError:
            return f"{head} - stock.worker - ERROR - cannot load the cart\n{traceback.format_exc()}".rstrip()
    return f"{head} - stock.worker - INFO - cart loaded"


def _load(cart: dict[str, int]) -> int:
    return cart["items"]


def access_line(dice: random.Random, now: datetime) -> str:
    """One request in the combined format of Apache and nginx."""
    status = dice.choices((200, 302, 404, 500), (90, 4, 4, 2))[0]
    path = dice.choice(_PATHS)
    return (
        f"203.0.113.{dice.randrange(1, 255)} - - [{now:%d/%b/%Y:%H:%M:%S} +0000] "
        f'"GET {path} HTTP/1.1" {status} {dice.randrange(200, 9000)} "-" "Mozilla/5.0"'
    )


_LOGS: dict[str, Callable[[random.Random, datetime], str]] = {
    "shop.json.log": json_line,
    "checkout.log": java_lines,
    "stock.log": python_lines,
    "access.log": access_line,
}


def main() -> None:
    """Writes until it is stopped."""
    folder, rate = Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 20.0
    dice = random.Random(17)
    files = {name: (folder / name).open("a", buffering=1) for name in _LOGS}
    while True:
        name = dice.choice(tuple(_LOGS))
        files[name].write(_LOGS[name](dice, datetime.now(UTC)) + "\n")  # noqa: TID251 - an application of its own
        time.sleep(dice.expovariate(rate))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
