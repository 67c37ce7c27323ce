"""How are alerts put into words?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from logboom.event import value_at
from logboom.quantities import quantity
from search_api.alerts.alert import Alert, AlertState
from search_api.notifying.notification import Notification
from search_api.notifying.plan import severity_of

MOST_SHOWN = 10
"""Alerts that one message tells of in full; the others are counted."""

_MOST_TITLE = 200
_MOST_ERROR = 80
_MOST_LINE = 300
_CONTROLS = dict.fromkeys((*range(32), *range(127, 160)), " ")


def title(notification: Notification) -> str:
    """The message in one line, whatever its labels have in them."""
    told = notification.alerts
    if notification.kind != "digest":
        told = notification.firing or told
    names = {one.labels.get("alertname", "alert") for one in told}
    more = "" if len(names) == 1 else f" and {len(names) - 1} more"
    has_service = "service.name" in {**notification.labels, **told[0].labels}
    error = "" if has_service or len(told) > 1 else _error(told[0])
    text = f"[{_mark(notification)}] {told[0].labels.get('alertname', 'alert')}{more}{error}"
    where = notification.labels.get("service.name") or _where(told, has_more=bool(more))
    text += f" in {where}" if where else ""
    return cut(_flat(f"{text} ({notification.severity})"), _MOST_TITLE)


def _where(told: Sequence[Alert], *, has_more: bool) -> str:
    """The service that alerts are about, or how many there are; of different alerts, if all name one."""
    services = [_service(one) for one in told]
    if has_more and not all(services):
        return ""
    known = set(filter(None, services))
    return f"{len(known)} services" if len(known) > 1 else "".join(known)


def _service(alert: Alert) -> str:
    """Of an alert about one error without such a label: that of its lines."""
    named = alert.labels.get("service.name", "")
    if named or not alert.error_group or not alert.samples:
        return named
    return str(value_at(dict(alert.samples[0]), "service.name") or "")


def _error(alert: Alert) -> str:
    """What the one error says that an alert is about whose labels tell no service, behind a colon."""
    if not alert.error_group or not alert.samples:
        return ""
    message = _flat(str(alert.samples[0].get("message") or ""))
    return f": {cut(message, _MOST_ERROR)}" if message else ""


def headline(alert: Alert) -> str:
    """One alert in one line: its summary, or its name and labels."""
    summary = _flat(alert.annotations.get("summary", ""))
    if summary:
        return cut(summary, _MOST_LINE)
    named = f"{alert.labels.get('alertname', 'alert')} {labels_text(alert)}"
    return cut(_flat(named), _MOST_LINE)


def measured(alert: Alert) -> str:
    """What was measured, against what, and what is usual."""
    usual = alert.annotations.get("baseline")
    return cut(f"{_measured(alert)}; {usual}" if usual else _measured(alert), 2 * _MOST_LINE)


def _measured(alert: Alert) -> str:
    if alert.measured:
        each = (
            f"{name} {quantity(value, alert.units.get(name, ''))}"
            for name, value in alert.measured.items()
        )
        return f"{' and '.join(each)}, where {alert.condition} is alerted"
    is_over = alert.state is AlertState.RESOLVED
    if alert.threshold is None or (alert.value is None and not is_over):
        return alert.condition
    value = "nothing any more" if alert.value is None else quantity(alert.value, alert.unit)
    return f"{value}, where {alert.condition} is alerted"


def lasted(alert: Alert) -> str:
    """Since when, until when, why it is over where that is not for what was measured; and what is not told."""
    begin = alert.starts_at.strftime("%Y-%m-%d %H:%M:%S UTC")
    if alert.ends_at is None:
        return f"since {begin}"
    seconds = max(0, round((alert.ends_at - alert.starts_at).total_seconds()))
    why = alert.annotations.get("resolved")
    text = f"since {begin}, for {duration(seconds)}" + (f": {cut(why, _MOST_LINE)}" if why else "")
    untold = alert.annotations.get("untold")
    return f"{text}; {cut(untold, _MOST_LINE)}" if untold else text


def duration(seconds: int) -> str:
    """`2h5m`, `40s`."""
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    parts = [(hours, "h"), (minutes, "m"), (left, "s")]
    shown = [f"{value}{unit}" for value, unit in parts if value][:2]
    return "".join(shown) or "0s"


def labels_text(alert: Alert) -> str:
    """All labels but the name and the severity, in one line."""
    left = sorted(set(alert.labels) - {"alertname", "severity"})
    return _flat(" ".join(f"{name}={alert.labels[name]}" for name in left))


def sample_lines(alert: Alert) -> list[str]:
    """The matching lines, the first in front."""
    lines = []
    for sample in alert.samples:
        parts = (sample.get(name) for name in ("@timestamp", "log.level", "message"))
        text = " ".join(str(part) for part in parts if part)
        if text:
            lines.append(cut(_flat(text), _MOST_LINE))
    return lines


def links(notification: Notification, alert: Alert) -> Iterator[tuple[str, str]]:
    """What can be opened: a word and an address each."""
    made = notification.links
    address = made.search(alert)
    yield "health" if address.endswith("/health") else "search", address
    if alert.error_group:
        yield "error group", made.error_group(alert.error_group)
    if alert.state is AlertState.FIRING and notification.kind != "test":
        yield "acknowledge", made.acknowledge(alert.episode)
        yield "silence", made.silence(alert.labels)


def plain(notification: Notification) -> str:
    """The whole message as plain text."""
    blocks = ["\n".join(_block(notification, one)) for one in shown(notification)]
    rest = left_out(notification)
    return "\n\n".join([*blocks, *([rest] if rest else [])])


def shown(notification: Notification) -> tuple[Alert, ...]:
    """The alerts that are told in full."""
    return notification.alerts[:MOST_SHOWN]


def left_out(notification: Notification) -> str:
    """How many are not told in full; empty when all are."""
    more = len(notification.alerts) - MOST_SHOWN
    return "" if more <= 0 else f"… and {more} more alerts"


def state_word(alert: Alert) -> str:
    """`FIRING (critical)` or `RESOLVED`."""
    if alert.state is AlertState.RESOLVED:
        return "RESOLVED"
    return f"FIRING ({severity_of(alert.labels)})"


def cut(text: str, most: int) -> str:
    """A text of at most so many characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _flat(text: str) -> str:
    """In one line: what comes from events must not look like a line of ours."""
    return " ".join(text.translate(_CONTROLS).split())


def _block(notification: Notification, alert: Alert) -> Iterable[str]:
    yield f"{state_word(alert)}: {headline(alert)}"
    yield f"  measured: {measured(alert)}"
    yield f"  {lasted(alert)}"
    if labels_text(alert):
        yield f"  labels: {labels_text(alert)}"
    if description := _flat(alert.annotations.get("description", "")):
        yield f"  {cut(description, _MOST_LINE)}"
    for line in sample_lines(alert):
        yield f"  | {line}"
    for word, address in links(notification, alert):
        yield f"  {word}: {address}"


def _mark(notification: Notification) -> str:
    count = len(notification.firing)
    match notification.kind:
        case "resolved":
            return "RESOLVED"
        case "repeat":
            return f"STILL FIRING:{count}"
        case "escalation":
            return f"ESCALATION {notification.level}"
        case "digest":
            return f"DAILY:{len(notification.alerts)}"
        case "test":
            return "TEST"
        case _:
            return f"FIRING:{count}" if count else "RESOLVED"
