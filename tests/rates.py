"""Rates of a pipeline under test, held against what its searches count."""

from __future__ import annotations

from urllib.error import URLError

from tests.flow import Pipeline
from tests.polling import eventually

ROLLED_WITHIN_S = 240.0


def await_rates(pipeline: Pipeline, begin: str) -> None:
    """Waits until the rates of the shops are what searches count.

    Args:
        pipeline: Has all its events.
        begin: Of the time that is looked at.

    Raises:
        AssertionError: They never are.
    """
    truth = counted(pipeline, begin)
    assert truth
    what = f"the rates since {begin} are {truth}"
    eventually(lambda: services(pipeline, begin) == truth, timeout_s=ROLLED_WITHIN_S, what=what)


def services(pipeline: Pipeline, begin: str) -> dict[str, tuple[int, int]]:
    """Events and errors by service."""
    try:
        answer = pipeline.ask("services", from_=begin)
    except (URLError, OSError):
        return {}
    return {
        one["service"]: (one["events"], one["errors"])
        for one in answer["services"]
        if str(one["service"]).startswith("shop-")
    }


def counted(pipeline: Pipeline, begin: str) -> dict[str, tuple[int, int]]:
    """The same, as searches count it."""
    found = {}
    for number in range(7):
        query = f"service:shop-{number}"
        events = pipeline.ask("count", q=query, from_=begin)["count"]
        errors = pipeline.ask("count", q=f"{query} AND tags:error", from_=begin)["count"]
        if events:
            found[f"shop-{number}"] = (events, errors)
    return found
