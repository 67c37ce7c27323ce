"""Which pages do the links in messages open?

They are plain HTML without scripts. A link only asks: programs that look at links before people do must
not acknowledge anything. Their forms are sent to the page's path alone: its parameters are none of the button's route.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from search_api.http.plain_pages import page_of


def silence_page(matchers: Sequence[str]) -> str:
    """Asks for how long alerts are to be silent."""
    shown = "".join(f"<li><code>{escape(one)}</code></li>" for one in matchers)
    hidden = "".join(
        f'<input type="hidden" name="matcher" value="{escape(one)}">' for one in matchers
    )
    times = "".join(
        f'<option value="{value}">{name}</option>'
        for value, name in (
            ("30m", "30 minutes"),
            ("2h", "2 hours"),
            ("8h", "8 hours"),
            ("1d", "a day"),
            ("7d", "a week"),
        )
    )
    return _page(
        "Silence these alerts",
        f'<ul>{shown}</ul>{hidden}<label>For <select name="duration">{times}</select></label>',
        "Silence",
    )


def acknowledgement_page(episode: str) -> str:
    """Asks who takes care of an alert."""
    hidden = f'<input type="hidden" name="episode" value="{escape(episode)}">'
    told = "<p>It is not repeated or escalated any more; its end is told.</p>"
    return _page("Acknowledge this alert", hidden + told, "Acknowledge")


def done_page(text: str) -> str:
    """Says that it is done."""
    return page_of(f"<h1>{escape(text)}</h1>")


def _page(title: str, inner: str, button: str) -> str:
    return page_of(
        f'<h1>{escape(title)}</h1><form method="post" action="form">{inner}'
        '<label>Your name <input name="author" maxlength="100"></label>'
        '<label>Comment <input name="comment" maxlength="500"></label>'
        f"<button>{escape(button)}</button></form>"
    )
