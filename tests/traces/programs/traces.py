"""Ends with the stack trace that its argument names."""

from __future__ import annotations

import asyncio
import ctypes
import faulthandler
import logging
import sys
import threading


def deep(depth: int) -> None:
    if depth == 0:
        raise ValueError("no stock")
    deep(depth - 1)


def uncaught() -> None:
    deep(1)


def chained() -> None:
    try:
        deep(1)
    except ValueError:
        dict[str, int]()["missing"]


def caused() -> None:
    try:
        deep(1)
    except ValueError as error:
        raise RuntimeError("cannot sell") from error


def group() -> None:
    raise ExceptionGroup("several", [ValueError("a"), ExceptionGroup("inner", [TypeError("b")])])


def grouped_cause() -> None:
    try:
        deep(1)
    except ValueError as error:
        raise ExceptionGroup("several", [KeyError("a"), OSError(2, "gone")]) from error


def noted() -> None:
    error = ValueError("no stock")
    error.add_note("seen in aisle 7")
    raise error


def message() -> None:
    raise ValueError("first line\nsecond line")


def syntax() -> None:
    compile("def f(:\n  pass", "given.py", "exec")


def recursion() -> None:
    recursion()


def without_message() -> None:
    raise AssertionError


def in_thread() -> None:
    thread = threading.Thread(target=deep, args=(1,), name="worker-1")
    thread.start()
    thread.join()


def in_task() -> None:
    async def fail() -> None:
        deep(1)

    asyncio.run(fail())


def crashed() -> None:
    faulthandler.enable()
    ctypes.string_at(0)


def threads() -> None:
    waiting = threading.Event()
    thread = threading.Thread(target=waiting.wait, name="worker-1")
    thread.start()
    faulthandler.dump_traceback()
    waiting.set()


def logged() -> None:
    logging.basicConfig(format="%(asctime)s - %(name)s - %(levelname)s - %(message)s")
    try:
        caused()
    except RuntimeError:
        logging.getLogger("shop.cart").exception("cannot load")


if __name__ == "__main__":
    globals()[sys.argv[1]]()
