"""When is which group of rules evaluated, by whom, and what happens when something fails?"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Final

from logboom.clock import Clock
from logboom.config import AlertsSection
from logboom.errors import LogboomError, StateConflict, StateError
from logboom.retrying import Backoff
from logboom.state import State
from search_api.alerts.alert import moment_of
from search_api.alerts.builtin import FAILED, LATE, NAME, builtin_group, data_of
from search_api.alerts.changes import Arrivals
from search_api.alerts.cursors import is_ahead
from search_api.alerts.ending import end_all
from search_api.alerts.evaluating import Evaluating, Turn
from search_api.alerts.heartbeat import Heartbeat
from search_api.alerts.keeping import Book, prune_details
from search_api.alerts.lateness import Late
from search_api.alerts.library import Library, Rules
from search_api.alerts.rules import DAY_US, US, RuleGroup
from search_api.alerts.source import Source
from search_api.alerts.standing import GroupStanding, Standing
from search_api.alerts.turns import InTurns
from search_api.alerts.under_way import UnderWay

log = logging.getLogger("logboom.alerts")

_READ_EACH_S: Final = 5.0
_PRUNED_EACH_S: Final = 3600.0
_KEPT_FOR_US: Final = 7 * DAY_US
_LATEST_S: Final = 1e9


class Engine:
    """Evaluates all rules at their time.

    Args:
        state: Keeps what was decided.
        source: Asked for data.
        library: Has the rules.
        section: The settings.
        clock: Asked for the time.
        late: Says how late the pipeline is.
        on_staged: Called when there may be something to be told.
        is_told: False when nobody is to be told of anything.
    """

    def __init__(
        self, state: State, source: Source, library: Library, section: AlertsSection, clock: Clock,
        *, late: Callable[[], Awaitable[Late]], on_staged: Callable[[], None] = lambda: None,
        is_told: bool = True,
    ) -> None:  # fmt: skip
        self.memory = state
        self._source = InTurns(source)
        self._under_way = UnderWay()
        self._library = library
        self._section = section
        self._clock = clock
        self._late = late
        self._on_staged = on_staged
        self._is_told = is_told
        self._builtin = builtin_group()
        self._heartbeat = None if section.heartbeat is None else Heartbeat(section.heartbeat, clock)
        self.standing = Standing()
        self._lateness = Late()
        self.rules = Rules()
        self._begin()

    def _begin(self) -> None:
        """Nothing is known but what the state has."""
        self._book = Book(self.memory, self._is_told)
        self._evaluating = Evaluating(self._source, self._book, self.standing)
        reach_us = round(self._section.late.total_seconds() * US)
        self._arrivals = Arrivals(self._source, reach_us, self._evaluating.cursor_of)
        self._evaluated_us: dict[str, int] = {}
        self._tried_us: dict[str, int] = {}
        self._read_due = self._prune_due = float("-inf")
        self._is_read = False

    async def run(self, *, each_s: float = 0.5) -> None:
        """Works until it is cancelled.

        Args:
            each_s: Looks so often which groups are due.
        """
        self._begin()
        self.standing.is_leading = True
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._steps(each_s))
                if self._heartbeat is not None:
                    tasks.create_task(self._beats(self._heartbeat, each_s))
        finally:
            await self._under_way.stop()
            self.standing.is_leading = False
            self.standing.groups.clear()
            self.standing.failures.clear()
            self.standing.held.clear()

    async def _steps(self, each_s: float) -> None:
        backoff = Backoff(most_s=10.0)
        while True:
            try:
                await self._step(waits=False)
                if backoff.tries:
                    log.info("rules are evaluated again")
                backoff.reset()
            except LogboomError as error:
                if not backoff.tries:
                    log.warning("rules are not evaluated: %s", error)
                self._is_read = False
                await backoff.wait()
            await asyncio.sleep(each_s)

    async def _beats(self, heartbeat: Heartbeat, each_s: float) -> None:
        """Beside the evaluations: who is told outside never delays them."""
        while True:
            await heartbeat.beat(self.standing)
            await asyncio.sleep(each_s)

    async def step(self) -> None:
        """Evaluates what is due, each group beside the others, and waits for all of it.

        Raises:
            StateError: What was decided may or may not be kept; all is read again in the next step.
        """
        await self._step(waits=True)

    async def _step(self, *, waits: bool) -> None:
        if not self._is_read:
            await self._under_way.stop()
            self._begin()
            await self._book.read()
            self._is_read = True
        try:
            await self._work(waits=waits)
        except StateConflict as error:  # who leads now, or did till now
            log.info("rules are decided elsewhere, too; all is read anew: %s", error)
            self._is_read = False
        except StateError:
            self._is_read = False
            raise

    async def _work(self, *, waits: bool) -> None:
        now_s = self._clock.monotonic()
        if now_s >= self._read_due:
            self._read_due = now_s + _READ_EACH_S
            await self._read_rules()
        self._lateness = await self._late()
        self.standing.late_s = self._lateness.known_s
        self._under_way.reap()
        for group in self.rules.groups.values():
            turn = self._turn(group)
            if not self._under_way.has(group.name) and self._is_due(group, turn):
                self._under_way.begin(group.name, self._evaluate(group, turn))
        if waits:
            await self._under_way.wait()
            self._under_way.reap()
        await self._watch()
        if now_s >= self._prune_due:
            self._prune_due = now_s + _PRUNED_EACH_S
            await prune_details(self.memory, self._now_us() - _KEPT_FOR_US)

    def _now_us(self) -> int:
        return self._clock.now_ns() // 1000

    async def _read_rules(self) -> None:
        before = self.rules.groups
        self.rules = await self._library.read()
        changed = [n for n, group in before.items() if self.rules.groups.get(n) != group]
        await self._under_way.stop(changed)
        for rule in (rule for name in changed for rule in before[name].rules):
            self._tried_us.pop(rule.id, None)
        standing, known = self.standing, self.rules.rules
        problems = dict(self.rules.problems)
        if NAME in self.rules.groups:
            problems[NAME] = f"no group can be called {NAME}: it is our own"
            groups = {n: g for n, g in self.rules.groups.items() if n != NAME}
            self.rules = replace(self.rules, groups=groups, problems=problems)
        if problems != standing.problems:
            for where, problem in problems.items():
                log.warning("rules of %s are not used as they are: %s", where, problem)
        standing.problems = problems
        standing.groups = {
            name: standing.groups.get(name)
            or GroupStanding(len(group.rules), group.every_us, known_us=self._now_us())
            for name, group in self.rules.groups.items()
        }
        for name, group in self.rules.groups.items():
            standing.groups[name].rules = len(group.rules)
            standing.groups[name].every_us = group.every_us
        for by_rule in (standing.failures, standing.overflow, self._tried_us):
            for gone in by_rule.keys() - known.keys():
                del by_rule[gone]
        standing.held &= known.keys()
        if not problems:  # a rule that cannot be read is not gone
            await self._end_gone(known.keys() | {FAILED, LATE})

    async def _end_gone(self, known: set[str]) -> None:
        """What rules fire that are gone comes to its end."""
        for rule_id in [name for name in self._book.kept if name not in known]:
            if not self._book.kept[rule_id].state.series:
                await self._book.read_one(rule_id)  # what waited may have been taken over
            kept = self._book.kept.get(rule_id)
            if kept is None:
                continue
            if not kept.state.series and not kept.outbox:
                await self._forget(rule_id)
            elif kept.state.series:
                await end_all(self._book, rule_id, moment_of(self._now_us()))
                self._on_staged()

    async def _forget(self, rule_id: str) -> None:
        try:
            await self._book.forget(rule_id)
        except StateConflict:
            await self._book.read_one(rule_id)

    def _turn(self, group: RuleGroup) -> Turn:
        now_us = self._now_us()
        settled_us = now_us - round(self._section.settle.total_seconds() * US)
        return Turn(
            now_us=now_us,
            last_us=settled_us // group.every_us * group.every_us,
            whole_us=settled_us - round(min(self._lateness.most_s, _LATEST_S) * US),
            late_s=self.standing.late_s,
            catch_up_us=round(self._section.catch_up.total_seconds() * US),
        )

    def _is_due(self, group: RuleGroup, turn: Turn) -> bool:
        waits_for = self._evaluating.waits_for(group.name)
        if waits_for is not None and waits_for <= turn.whole_us:
            return True
        is_done = self._is_done(group.name, turn.last_us, group.every_us)
        return not is_done or self._has_new(group, turn.last_us)

    async def _evaluate(self, group: RuleGroup, turn: Turn) -> None:
        begun = self._clock.monotonic()
        self._tried_us.update(dict.fromkeys((rule.id for rule in group.rules), turn.last_us))
        await self._arrivals.note(group.name, turn.now_us, turn.last_us)
        told = sum(self.standing.transitions.values())
        look = partial(self._arrivals.look, group.name)
        is_left = await self._evaluating.group(group, turn, look)
        self._arrivals.deal_with(group.name)
        if not is_left:
            self._evaluated_us[group.name] = turn.last_us
        self.standing.groups[group.name].took_s = self._clock.monotonic() - begun
        if not self.standing.failures:
            self.standing.note_success(group.name, turn.now_us)
        if sum(self.standing.transitions.values()) > told:
            self._on_staged()

    def _is_done(self, name: str, last_us: int, every_us: int) -> bool:
        """Whether an instant was evaluated; one far ahead of it was with another clock."""
        at_us = self._evaluated_us.get(name, -1)
        return at_us >= last_us and not is_ahead(at_us, last_us, every_us)

    def _has_new(self, group: RuleGroup, last_us: int) -> bool:
        """True when a rule of the group was never evaluated, nor tried at this instant, and can be."""
        return any(
            rule.id not in self._book.kept
            and not rule.remembers
            and self._tried_us.get(rule.id) != last_us
            for rule in group.rules
        )

    def _has_to_watch(self) -> bool:
        """False where there are no rules, none that cannot be read, and nothing that still fires."""
        ours = [self._book.kept.get(rule.id) for rule in self._builtin.rules]
        fires = any(kept is not None and kept.state.series for kept in ours)
        return bool(self.standing.groups or self.standing.problems or fires)

    async def _watch(self) -> None:
        """Our own rules."""
        every_us = self._builtin.every_us
        last_us = self._now_us() // every_us * every_us
        if self._is_done(NAME, last_us, every_us) or not self._has_to_watch():
            return
        failed, late = self._builtin.rules
        wrong = {*self.standing.failures, *self.standing.problems}
        windows = [rule.over_us for rule in self.rules.rules.values()]
        is_late = windows and self.standing.late_s * US > min(windows)
        lateness = {"late"} if is_late else set[str]()
        for rule, them in ((failed, wrong), (late, lateness)):
            await self._evaluating.watch(rule, data_of(rule, [last_us], them), [last_us])
        self._evaluated_us[NAME] = last_us
        self._on_staged()
