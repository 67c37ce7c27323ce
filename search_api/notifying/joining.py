"""Which groups do alerts belong to?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from search_api.alerts.alert import Alert, AlertState
from search_api.notifying.group import (
    MOST_MEMBERS,
    Group,
    Member,
    group_key,
    shortened,
    shortened_after,
)
from search_api.notifying.plan import ALL_LABELS, Plan, Route, severity_of

Groups = Mapping[str, Group]

RECEIVER_FAILING: Final = "ReceiverFailing"
"""`alertname` of what is told when a receiver, named by the label `receiver`, cannot be reached."""

_INSTEAD: Final = " instead: "


def joined(groups: Groups, alerts: Iterable[Alert], plan: Plan, now: datetime) -> Groups:
    """Takes transitions over into groups.

    Args:
        groups: All groups by key.
        alerts: What has begun to fire or resolved, in order; the same again changes nothing.
        plan: Where they belong.
        now: The time.

    Returns:
        All groups; those that are not changed are the same objects.
    """
    changed = dict(groups)
    places = _places(changed)
    for alert in alerts:
        for key in sorted(places.get(alert.episode, ())):
            changed[key] = _updated(changed[key], alert, now)
        if alert.state is AlertState.FIRING:
            has = {
                (changed[key].path, changed[key].receiver) for key in places.get(alert.episode, ())
            }
            ways = [one for one in _ways(plan, alert) if (one.path, one.receiver) not in has]
            short = shortened(alert) if ways else alert
            for route in ways:
                group = _place(changed, route, short, plan)
                group = _without_earlier(group, short)
                changed[group.key] = group.with_member(alert.episode, Member(short, now))
                places.setdefault(alert.episode, set()).add(group.key)
    return changed


def refreshed(groups: Groups, newest: Mapping[str, Alert]) -> Groups:
    """Takes over what was measured last of alerts that fire still.

    Args:
        groups: All groups by key.
        newest: The alerts as they are now, by episode.

    Returns:
        All groups; those that are not changed are the same objects.
    """
    changed = dict(groups)
    for key, group in groups.items():
        for episode in newest.keys() & group.members.keys():
            member = group.members[episode]
            if member.fires:
                now = replace(member, alert=shortened(newest[episode]))
                changed[key] = changed[key].with_member(episode, now)
    return changed


def rerouted(groups: Groups, plan: Plan, now: datetime) -> Groups:
    """Moves alerts whose route is not configured any more; messages that wait stay where they are.

    An end that is still to be told moves where the same receiver is told of it, unless it is told behind
    a message that waits. What was over before anybody was told moves to the route that matches now, to its
    daily message where it was to be in one; without a time for daily messages that is due at once.

    Args:
        groups: All groups by key.
        plan: What is configured now.
        now: The time.
    """
    routes = plan.routes()
    homeless = [group for group in groups.values() if not _has_home(group, routes, plan)]
    changed = dict(groups)
    for old in homeless:
        for episode, member in old.members.items():
            is_over = member.told is AlertState.RESOLVED or _waits(old, episode)
            is_untold = not member.fires and member.told is None
            for route in _ways(plan, member.alert):
                stays = is_untold or route.receiver == old.receiver
                if not member.fires and (is_over or not stays):
                    continue
                is_daily = is_untold and old.is_digest
                group = _place(changed, route, member.alert, plan, is_daily=is_daily)
                if stays and member.told is not None:
                    group = _going_on(group, old)
                moved = member if stays else Member(member.alert, now)
                changed[group.key] = group.with_member(episode, moved)
        settled = {name: one for name, one in old.members.items() if _waits(old, name)}
        changed[old.key] = replace(old, members=settled)
    return changed


def _going_on(group: Group, old: Group) -> Group:
    """The same, which was told what another one was: it repeats when that would have, and has its count."""
    told_at = max((at for at in (group.told_at, old.told_at) if at is not None), default=None)
    return replace(group, told_at=told_at, repeats=max(group.repeats, old.repeats))


def _has_home(group: Group, routes: Mapping[str, Route], plan: Plan) -> bool:
    """Whether its route is configured still, and tells the same receiver."""
    path, around, _ = group.path.partition(_INSTEAD)
    if around:
        return path in routes and group.receiver in plan.receivers
    return path in routes and routes[path].receiver == group.receiver


def _without_earlier(group: Group, alert: Alert) -> Group:
    """A daily message tells the last episode of a series: earlier ones that are over are left out."""
    if not group.is_digest:
        return group
    left = {
        episode: one
        for episode, one in group.members.items()
        if one.fires or one.told is not None or one.alert.labels != alert.labels
    }
    return group if len(left) == len(group.members) else replace(group, members=left)


def _waits(group: Group, episode: str) -> bool:
    return any(episode == name for one in group.pending for name, _ in one.alerts)


def _places(groups: Groups) -> dict[str, set[str]]:
    places: dict[str, set[str]] = {}
    for key, group in groups.items():
        for episode in group.members:
            places.setdefault(episode, set()).add(key)
    return places


def _updated(group: Group, alert: Alert, now: datetime) -> Group:
    member = group.members[alert.episode]
    if not member.fires or alert.state is not AlertState.RESOLVED:
        return group
    short = shortened_after(alert, member.alert)
    return group.with_member(alert.episode, replace(member, alert=short, ended_at=now))


def _ways(plan: Plan, alert: Alert) -> Iterable[Route]:
    ways = list({route.path: route for route in plan.root.ways(alert.labels)}.values())
    if alert.labels.get("alertname") != RECEIVER_FAILING:
        return ways
    failing = alert.labels.get("receiver")
    left = [route for route in ways if route.receiver != failing]
    return left or [
        replace(plan.root, receiver=name, path=f"{plan.root.path}{_INSTEAD}{name}")
        for name in plan.receivers
        if name != failing
    ]


def _place(
    groups: Groups, route: Route, alert: Alert, plan: Plan, *, is_daily: bool = False
) -> Group:
    """The first group with room, or a new one; that of the daily message for what was to be in it."""
    is_digest = is_daily or (
        plan.digest_at is not None and route.wait is None and severity_of(alert.labels) == "low"
    )
    labels = {"digest": "daily"} if is_digest else _common(route, alert)
    number = 0
    while True:
        key = group_key(route.path, route.receiver, labels, number)
        group = groups.get(key)
        if group is None:
            return Group(key, route.path, route.receiver, labels, is_digest)
        if len(group.members) < MOST_MEMBERS or alert.episode in group.members:
            return group
        number += 1


def _common(route: Route, alert: Alert) -> Mapping[str, str]:
    if ALL_LABELS in route.group_by:
        return dict(alert.labels)
    return {name: alert.labels[name] for name in route.group_by if name in alert.labels}
