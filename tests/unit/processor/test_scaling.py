"""How many processors run: timelines of figures, with a clock of the test's own."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from processor.scaling.deciding import Figures, Limits, Standing, decide

LIMITS = Limits(
    least=2, most=20, up_at=0.7, down_at=0.3, cooldown_s=60, lag_per_processor=100_000
)  # fmt: skip
BUSY = Figures(lag=0, cpu=0.9)
CALM = Figures(lag=0, cpu=0.1)
EVEN = Figures(lag=0, cpu=0.5)


def timeline(
    looks: Sequence[tuple[float, Figures]], *, begin: int = 2, limits: Limits = LIMITS
) -> list[tuple[float, int, int]]:
    """The changes that these looks lead to: when, from, to."""
    standing, changes = Standing(begin), []
    for now_s, figures in looks:
        before = standing.processors
        decision = decide(figures, standing, limits, now_s)
        standing = decision.standing
        assert (decision.reason is None) == (standing.processors == before)
        if standing.processors != before:
            changes.append((now_s, before, standing.processors))
    return changes


def every(step_s: float, until_s: float, figures: Figures) -> list[tuple[float, Figures]]:
    """The same figures at every look."""
    return [(n * step_s, figures) for n in range(int(until_s / step_s) + 1)]


def test_a_backlog_doubles_them_until_there_is_one_for_each_share_of_it() -> None:
    looks = every(5, 200, Figures(lag=900_000, cpu=0.5))
    assert timeline(looks) == [(0, 2, 4), (60, 4, 8), (120, 8, 9)]


def test_the_first_step_up_comes_at_the_first_look() -> None:
    assert timeline([(0, EVEN), (5, Figures(lag=200_001, cpu=None))]) == [(5, 2, 3)]


def test_busy_ones_get_one_more_after_each_cooldown() -> None:
    assert timeline(every(5, 130, BUSY)) == [(0, 2, 3), (60, 3, 4), (120, 4, 5)]


def test_there_are_never_more_than_the_most_nor_than_partitions() -> None:
    flood = Figures(lag=10**9, cpu=1.0)
    assert timeline(every(60, 600, flood))[-1][2] == 20
    few = Figures(lag=10**9, cpu=1.0, partitions=6)
    assert timeline(every(60, 600, few))[-1][2] == 6


def test_one_less_needs_calm_for_a_whole_cooldown() -> None:
    assert timeline(every(5, 180, CALM), begin=4) == [(60, 4, 3), (125, 3, 2)]


def test_a_moment_of_work_begins_the_calm_anew() -> None:
    looks = [(0, CALM), (55, EVEN), (60, CALM), (115, CALM), (120, CALM)]
    assert timeline(looks, begin=4) == [(120, 4, 3)]


def test_there_are_never_fewer_than_the_least() -> None:
    assert timeline(every(5, 900, CALM), begin=3)[-1][2] == 2


def test_nothing_changes_between_the_two_thresholds() -> None:
    assert timeline(every(5, 900, EVEN), begin=5) == []


def test_a_changing_load_does_not_make_it_flap() -> None:
    looks = [(n * 5, BUSY if n % 2 else CALM) for n in range(24)]
    assert timeline(looks, begin=4) == [(5, 4, 5), (65, 5, 6)]


def test_one_less_must_not_make_the_others_busy() -> None:
    limits = Limits(1, 9, up_at=0.5, down_at=0.45, cooldown_s=10, lag_per_processor=1000)
    assert timeline(every(5, 100, Figures(lag=0, cpu=0.4)), begin=2, limits=limits) == []
    assert timeline(every(5, 15, Figures(lag=0, cpu=0.2)), begin=2, limits=limits) == [(10, 2, 1)]


@pytest.mark.parametrize(
    "figures",
    [
        Figures(lag=None, cpu=0.9),
        Figures(lag=None, cpu=0.0),
        Figures(lag=10**9, cpu=0.0, held_up="the store does not answer"),
    ],
)
def test_while_broker_or_store_are_away_the_number_stays(figures: Figures) -> None:
    assert timeline(every(5, 600, figures), begin=4) == []


def test_an_unknown_cpu_is_no_calm() -> None:
    assert timeline(every(5, 600, Figures(lag=0, cpu=None)), begin=4) == []


def test_other_limits_hold_at_once() -> None:
    assert timeline([(0, EVEN)], begin=1) == [(0, 1, 2)]
    assert timeline([(0, EVEN)], begin=30) == [(0, 30, 20)]
