"""Which words beside a day or a length of time say, in other languages, that it is the last one?"""

from __future__ import annotations

import re
from collections.abc import Iterator

_LAST = (
    r"(?:(?:die|der|den|das|in den|in der|am) )?(?:letzte|vergangene)[nrms]? (.+)",
    r"(?:les? |la |l'|au cours des )?(?:(\d+) )?derni(?:er|[eè]re)s? (.+)",
    r"(?:le |la )?(.+) derni(?:er|[eè]re)",
    r"(?:el |los? |las? |en las? |os? |as? |nas? |nos? )?[uú]ltim[oa]s? (.+)",
    r"(?:el |la |o |a )?(.+) (?:pasad|passad)[oa]",
    r"(?:negli |nelle |nell'|gli |le |l'|lo )?ultim[aeoi] (.+)",
    r"(?:il |lo |la )?(.+) scors[oa]",
    r"(?:de |het |in de )?(?:afgelopen|laatste|vorige) (.+)",
    r"(?:過去|直近|この|ここ)(.+?)(?:以内)?",
    r"(?:最近|过去|過去|近)(.+?)(?:内|內)?",
    r"(?:(?:в|за|во) )?(?:последн(?:ие|ий|юю|ее|яя|их)|прошл(?:ый|ую|ое)) (.+)",
)
_ARTICLE = re.compile(r"(?:am|den|der|el|il|lo|op|na|no|on|the) (.+)")
_LATEST = tuple(re.compile(pattern) for pattern in _LAST)


def within(text: str) -> Iterator[tuple[str, bool]]:
    """What a text in lower case is about, and whether it is the last one of these.

    Yields:
        ``("freitag", True)`` for ``letzten freitag``, ``("15 minutes", True)`` for
        ``les 15 dernières minutes``, ``("lunes", False)`` for ``el lunes``.
    """
    for pattern in _LATEST:
        match = pattern.fullmatch(text)
        if match is not None:
            yield " ".join(part for part in match.groups() if part), True
    article = _ARTICLE.fullmatch(text)
    if article is not None:
        yield article[1], False
