"""Who is told of what, now? A pure function of groups, alerts, plan and time.

Source: the notification pipeline of Prometheus Alertmanager,
https://prometheus.io/docs/alerting/latest/alertmanager/
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from logboom.matching import match_all
from search_api.alerts.alert import Alert, AlertState
from search_api.notifying.group import Delivery, Group, Member, delivery_key
from search_api.notifying.joining import Groups, joined
from search_api.notifying.plan import Plan, Route, Timing, severity_of
from search_api.notifying.quiet import Hush, Quiet

FORGOTTEN_AFTER: Final = timedelta(minutes=10)
"""What has resolved is remembered for so long, in case that it is handed over again."""

MOST_PENDING: Final = 10
"""While so many messages of a group wait for one receiver, no further ones are decided."""

_LEAST_REPEAT: Final = timedelta(minutes=1)
_LAPSING_REPEAT: Final = timedelta(hours=24)
"""Less than what `receivers.alertmanager.FIRES_FOR` says."""

_FIRING, _RESOLVED = AlertState.FIRING, AlertState.RESOLVED


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows.

    Attributes:
        groups: All groups by key; those that are not changed are the same objects.
        notifications: The messages that were decided now; they are in `pending` of their groups.
    """

    groups: Groups
    notifications: Sequence[Delivery]


def decide(
    groups: Groups, alerts: Iterable[Alert], plan: Plan, quiet: Quiet, now: datetime
) -> Decision:
    """Takes over transitions, and decides which messages are due.

    Args:
        groups: As they were.
        alerts: What has begun to fire or resolved since; the same again changes nothing.
        plan: What is configured.
        quiet: What people have silenced or acknowledged.
        now: The time.
    """
    handed, told = list(alerts), list[Delivery]()
    episodes = frozenset(one.episode for one in handed)
    ends = {one.episode: one for one in handed if one.state is _RESOLVED}
    present: Groups = {key: group.back_to(now) for key, group in groups.items()}
    if ends:
        present, told = _overtaken(_World(present, plan, quiet, now, episodes), ends)
    taken = joined(present, handed, plan, now)
    world = _World(taken, plan, quiet, now, episodes)
    after: dict[str, Group] = {}
    for key, group in taken.items():
        group, deliveries = _told(group, world)  # noqa: PLW2901 - the same group, a moment later
        told += deliveries
        group = _forgetful(group, world)  # noqa: PLW2901
        if group.members or group.pending:
            after[key] = group
    return Decision(after, told)


class _World:
    """What holds for all groups at one moment."""

    def __init__(
        self, groups: Groups, plan: Plan, quiet: Quiet, now: datetime, handed: frozenset[str]
    ) -> None:
        self.groups = groups
        self.plan = plan
        self.routes = plan.routes()
        self.quiet = quiet
        self.now = now
        self.handed = handed
        self.levels = _levels(groups.values())

    @cached_property
    def hush(self) -> Hush:
        """Asked for only when something is due."""
        firing = {
            episode: member
            for group in self.groups.values()
            for episode, member in group.members.items()
            if member.fires
        }
        return Hush(self.quiet, self.plan.inhibitions, firing.values(), self.now)

    def is_acknowledged(self, member: Member) -> bool:
        return member.alert.episode in self.quiet.acknowledged

    def is_escalated(self, member: Member, level: int) -> bool:
        """Whether a step was taken: by any group, as an alert may go several ways."""
        return self.levels.get(member.alert.episode, 0) >= level

    def route(self, group: Group) -> Route:
        """Its route; the root's times hold for one that has none of its own."""
        return self.routes.get(group.path, self.plan.root)


def _levels(groups: Iterable[Group]) -> dict[str, int]:
    """Steps of the escalation that were taken, by episode."""
    levels: dict[str, int] = {}
    for group in groups:
        for episode, member in group.members.items():
            if member.level > levels.get(episode, 0):
                levels[episode] = member.level
    return levels


def _overtaken(world: _World, ends: Mapping[str, Alert]) -> tuple[Groups, list[Delivery]]:
    """Tells first what is due by now, and whose end is handed over before anybody has looked.

    So it is behind a kill, or when the state was away. Daily messages tell of what is over anyway,
    and nobody is called to what has ended.

    Args:
        world: As it was before these ends.
        ends: By episode.
    """
    groups, told = dict(world.groups), list[Delivery]()
    for key, group in world.groups.items():
        route = world.route(group)
        late = [group.members[name] for name in ends.keys() & group.members.keys()]
        if not group.is_digest and any(
            one.is_fresh and _has_lasted(ends[one.alert.episode], route) for one in late
        ):
            groups[key], deliveries = _told(group, world, escalates=False)
            told += deliveries
    return groups, told


def _told(group: Group, world: _World, *, escalates: bool = True) -> tuple[Group, list[Delivery]]:
    route = world.route(group)
    regular = not _is_full(group, group.receiver) and _is_due(group, route, world)
    due = _steps_due(group, world) if escalates else []
    steps = [one for one in due if not _is_full(group, one[1])]
    if not (regular or steps) or world.plan.is_muted(route, world.now):
        return group, []
    deliveries: list[Delivery] = []
    if regular:
        group, deliveries = _regular(group, world)
    for level, receiver, members in steps:
        group, escalated = _escalated(group, level, receiver, members, world)
        deliveries += escalated
    return replace(group, pending=(*group.pending, *deliveries)), deliveries


def _is_full(group: Group, receiver: str) -> bool:
    """Whether so much waits for one receiver that others are told and it is not."""
    return sum(one.receiver == receiver for one in group.pending) >= MOST_PENDING


def _is_due(group: Group, route: Route, world: _World) -> bool:
    """Whether the time has come, not yet whether anybody may be told."""
    changed = [one for one in group.members.values() if one.is_fresh or _is_news(group, one, route)]
    if group.is_digest:
        since = min((one.ended_at or one.joined_at for one in changed), default=None)
        return since is not None and world.plan.next_digest(since) <= world.now
    if changed:
        if group.told_at is None:
            return _earliest(changed, route, lambda t: t.wait, lambda m: m.joined_at) <= world.now
        told_at = group.told_at
        return _earliest(changed, route, lambda t: t.interval, lambda _: told_at) <= world.now
    return _is_repeat_due(group, route, world)


def _is_news(group: Group, member: Member, route: Route) -> bool:
    """Whether an end is to be told: of what was told to fire, and of what would have been in time."""
    if member.ended_at is None or member.told is AlertState.RESOLVED:
        return False
    return member.told is _FIRING or group.is_digest or _is_missed(member, route)


def _is_missed(member: Member, route: Route) -> bool:
    """Whether it fired for long enough to be told, and was handed over too late: after a downtime."""
    if member.told is not None or member.ended_at is None:
        return False
    wait = _wait(member.alert, route)
    return _has_lasted(member.alert, route) and member.ended_at - member.joined_at <= wait


def _has_lasted(alert: Alert, route: Route) -> bool:
    """Whether what has resolved fired for longer than its first message waits."""
    return alert.ends_at is not None and alert.ends_at - alert.starts_at > _wait(alert, route)


def _wait(alert: Alert, route: Route) -> timedelta:
    return route.timing(severity_of(alert.labels)).wait


def _earliest(
    members: Iterable[Member], route: Route, wait: Callable[[Timing], timedelta],
    since: Callable[[Member], datetime],
) -> datetime:  # fmt: skip
    return min(since(one) + wait(route.timing(severity_of(one.alert.labels))) for one in members)


def _is_repeat_due(group: Group, route: Route, world: _World) -> bool:
    if group.told_at is None or world.now - group.told_at < _LEAST_REPEAT:
        return False
    members = [one for one in group.members.values() if one.fires and one.told is _FIRING]
    told_at = group.told_at
    if members and group.receiver in world.plan.lapsing and told_at + _LAPSING_REPEAT <= world.now:
        return True
    open_ones = [one for one in members if not world.is_acknowledged(one)]
    if not open_ones:
        return False
    return _earliest(open_ones, route, lambda t: t.repeat, lambda _: told_at) <= world.now


def _regular(group: Group, world: _World) -> tuple[Group, list[Delivery]]:
    """The message to the group's own receiver, and resolve notices to those of its escalations."""
    firing = [one for one in group.members.values() if one.fires and not world.hush.covers(one)]
    fresh = [one for one in firing if one.told is None]
    route = world.route(group)
    ended = [one for one in group.members.values() if _is_news(group, one, route)]
    over = [one for one in ended if one.told is _FIRING or not world.hush.covers(one)]
    group = _passed_over(group, [one for one in ended if one not in over])
    if not fresh and not over and (
        group.is_digest or not _is_repeat_due_among(firing, group, world)
    ):  # fmt: skip
        return group, []
    repeats = group.repeats if fresh or over else group.repeats + 1
    kind = _kind(group, firing, fresh, over)
    deliveries = _messages(group, kind, repeats if kind == "repeat" else 0, firing, over, world)
    members = dict(group.members)
    for one in firing:
        members[one.alert.episode] = replace(one, told=_FIRING, told_at=one.told_at or world.now)
    for one in over:
        members[one.alert.episode] = replace(one, told=_RESOLVED)
    told = replace(group, members=members, told_at=world.now, repeats=repeats)
    return told, deliveries


def _passed_over(group: Group, silenced: Sequence[Member]) -> Group:
    """The same, where what nobody wants to hear of counts as told."""
    if not silenced:
        return group
    passed = {one.alert.episode: replace(one, told=_RESOLVED) for one in silenced}
    return replace(group, members={**group.members, **passed})


def _is_repeat_due_among(firing: Sequence[Member], group: Group, world: _World) -> bool:
    among = replace(group, members={one.alert.episode: one for one in firing})
    return _is_repeat_due(among, world.route(group), world)


def _kind(
    group: Group, firing: Sequence[Member], fresh: Sequence[Member], over: Sequence[Member]
) -> str:
    if group.is_digest:
        return "digest"
    if fresh or (over and firing):
        return "firing"
    return "resolved" if over else "repeat"


def _messages(
    group: Group, kind: str, count: int, firing: Sequence[Member], over: Sequence[Member],
    world: _World,
) -> list[Delivery]:  # fmt: skip
    ended = [] if group.receiver in world.plan.unresolving else over
    messages = []
    if kind == "firing" and not any(one.told is None for one in firing) and not ended:
        firing = []  # nothing is new for one that is not told of resolutions
    if kind == "repeat" and group.receiver in world.plan.unrepeating:
        firing = []
    if firing or ended:
        messages.append(_message(group, group.receiver, kind, count, [*firing, *ended], world.now))
    escalated = sorted({name for one in over for name in one.told_to})
    for name in escalated:
        if name not in world.plan.unresolving and name != group.receiver:
            theirs = [one for one in over if name in one.told_to]
            messages.append(_message(group, name, "resolved", 0, theirs, world.now))
    return messages


def _steps_due(group: Group, world: _World) -> list[tuple[int, str, list[Member]]]:
    """Steps of the escalation that are due: level, receiver, alerts."""
    escalation, found = world.plan.escalation, []
    if not escalation.steps or group.is_digest:
        return []
    waiting = [
        one for one in group.members.values()
        if one.fires and one.told_at is not None
        and not world.is_escalated(one, len(escalation.steps))
        and match_all(escalation.matchers, one.alert.labels) and not world.is_acknowledged(one)
    ]  # fmt: skip
    for level, (after, receiver) in enumerate(escalation.steps, 1):
        due = [
            one for one in waiting
            if not world.is_escalated(one, level) and one.told_at is not None
            and one.told_at + after <= world.now and not world.hush.covers(one)
        ]  # fmt: skip
        if due:
            found.append((level, receiver, due))
    return found


def _escalated(
    group: Group, level: int, receiver: str, due: Sequence[Member], world: _World
) -> tuple[Group, list[Delivery]]:
    members = dict(group.members)
    for one in due:
        now_is = members[one.alert.episode]
        told_to = tuple(dict.fromkeys((*now_is.told_to, receiver)))
        members[one.alert.episode] = replace(now_is, level=level, told_to=told_to)
        world.levels[one.alert.episode] = level
    message = _message(group, receiver, "escalation", level, due, world.now)
    return replace(group, members=members), [message]


def _message(
    group: Group, receiver: str, kind: str, count: int, members: Sequence[Member], now: datetime
) -> Delivery:
    alerts = tuple((one.alert.episode, _FIRING if one.fires else _RESOLVED) for one in members)
    key = delivery_key(group.key, receiver, kind, count, alerts)
    return Delivery(key, receiver, kind, count if kind == "escalation" else 0, alerts, now)


def _forgetful(group: Group, world: _World) -> Group:
    """Drops what has resolved a while ago, unless a message still tells of it or it is handed over still."""
    route = world.route(group)
    gone = [
        episode for episode, one in group.members.items()
        if one.ended_at is not None and not _is_news(group, one, route) and world.now - one.ended_at >= FORGOTTEN_AFTER
    ]  # fmt: skip
    if not gone:
        return group
    waiting = world.handed.union(episode for one in group.pending for episode, _ in one.alerts)
    left = {name: one for name, one in group.members.items() if name not in gone or name in waiting}
    return group if len(left) == len(group.members) else replace(group, members=left)
