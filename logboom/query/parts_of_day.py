"""Which words name a part of a day, noon or midnight, and which hours are that?

English and Korean words come first, then those of other languages. A word that two languages have
means the same in both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple


class Part(NamedTuple):
    """Hours of a day.

    Attributes:
        first_hour: Where it begins.
        end_hour: The hour after its last.
        is_night: Whether its small hours are those of the next day: ``last night at 2``.
    """

    first_hour: int
    end_hour: int
    is_night: bool = False


_SMALL_HOURS, _MORNING, _FORENOON = Part(0, 6), Part(6, 12), Part(0, 12)
_AFTERNOON, _SECOND_HALF = Part(12, 18), Part(12, 24)
_EVENING, _NIGHT = Part(18, 24), Part(18, 24, is_night=True)

_WORDS: tuple[tuple[str, dict[Part, str]], ...] = (
    ("in the|at|during the|the", {
        _SMALL_HOURS: "early morning|small hours", _MORNING: "morning|forenoon",
        _AFTERNOON: "afternoon", _EVENING: "evening", _NIGHT: "night",
    }),
    ("", {
        _SMALL_HOURS: "새벽", _MORNING: "아침", _FORENOON: "오전", _AFTERNOON: "낮",
        _SECOND_HALF: "오후", _EVENING: "저녁", _NIGHT: "밤",
    }),
    ("am|in der|in den|zur|spät am", {
        _SMALL_HOURS: "frühen morgen|morgens früh|früh morgens|frühmorgens",
        _MORNING: "morgen|morgens|früh|vormittag|vormittags",
        _AFTERNOON: "nachmittag|nachmittags", _EVENING: "abend|abends", _NIGHT: "nacht|nachts",
    }),
    ("au|le|du|de l'|dans l'|dans la|en|la|de la", {
        _SMALL_HOURS: "petit matin", _MORNING: "matin|matinée", _AFTERNOON: "après-midi|après midi",
        _EVENING: "soir|soirée", _NIGHT: "nuit",
    }),
    ("por la|de la|en la|a la|de|la|por", {
        _SMALL_HOURS: "madrugada", _MORNING: "mañana", _AFTERNOON: "tarde", _NIGHT: "noche",
    }),
    ("de|da|à|a|pela|na|ao", {
        _SMALL_HOURS: "madrugada", _MORNING: "manhã", _AFTERNOON: "tarde", _NIGHT: "noite",
    }),
    ("di|della|del|nel|in|nella|la|al|alla", {
        _SMALL_HOURS: "primo mattino|prima mattina", _MORNING: "mattina|mattino|mattinata",
        _AFTERNOON: "pomeriggio", _EVENING: "sera|serata", _NIGHT: "notte",
    }),
    ("in de|'s|s", {
        _SMALL_HOURS: "vroege ochtend", _MORNING: "ochtend|ochtends|morgen|morgens|voormiddag",
        _AFTERNOON: "middag|middags|namiddag", _EVENING: "avond|avonds", _NIGHT: "nacht|nachts",
    }),
    ("", {
        _SMALL_HOURS: "未明|早朝|明け方", _MORNING: "朝", _FORENOON: "午前", _AFTERNOON: "昼|お昼",
        _SECOND_HALF: "午後", Part(15, 19): "夕方", _EVENING: "夕べ|晩", _NIGHT: "夜",
    }),
    ("", {
        _SMALL_HOURS: "凌晨|凌晨时分", _MORNING: "早上|早晨|清晨|早", _FORENOON: "上午",
        Part(11, 13): "中午", _SECOND_HALF: "下午", Part(17, 20): "傍晚",
        _NIGHT: "晚上|晚间|晚間|夜里|夜裡|夜间|夜間|晚",
    }),
    ("", {
        _SMALL_HOURS: "рано утром", _MORNING: "утром|утра", _AFTERNOON: "днём|днем|дня",
        _EVENING: "вечером|вечера", _NIGHT: "ночью|ночи",
    }),
)  # fmt: skip
"""Per language what may stand before the words, and the words; ``|`` between them."""

_NOON = (
    "noon|midday|정오|正午|mittag|mittags|midi|mediodía|a mediodía|al mediodía|meio-dia|meio dia|"
    "ao meio-dia|ao meio dia|mezzogiorno|a mezzogiorno|полдень|в полдень"
)
_MIDNIGHT = (
    "midnight|자정|mitternacht|um mitternacht|minuit|medianoche|a medianoche|meia-noite|meia noite|"
    "à meia-noite|mezzanotte|a mezzanotte|middernacht|полночь|в полночь|真夜中|午夜"
)

_SAID_SHORTER = {
    "yesterday night": (
        "(?:late )?last night", "letzte nacht", "(?:in der )?(?:letzten|vergangenen) nacht",
        "la nuit (?:dernière|derniere|passée|passee)", "anoche", "(?:la )?notte scorsa",
        "[an]a? noite passada", "(?:de )?afgelopen nacht", "прошлой ночью",
    ),
    "day before yesterday night": ("anteanoche", "antenoche", "antes de anoche"),
    "today early morning": (
        "early this morning", "heute nacht", "cette nuit", "esta madrugada", "stanotte",
        "questa notte", "vannacht", "deze nacht", "сегодня ночью",
    ),
    "today morning": (
        "this morning", "ce matin", "esta ma(?:ñ|n)ana", "esta manh[ãa]", "stamattina", "stamani",
        "stamane", "questa mattina", "van(?:ochtend|morgen)", "deze (?:ochtend|morgen)",
    ),
    "today afternoon": (
        "this afternoon", "cet(?:te)? apr[èe]s[- ]midi", "esta tarde", "questo pomeriggio",
        "vanmiddag", "deze middag",
    ),
    "today evening": (
        "this evening", "ce soir", "stasera", "questa sera", "vanavond", "deze avond",
    ),
    "today night": ("tonight", "esta (?:noche|noite)"),
    "last hour": ("(?:l'|nell')?ultima ora",),
}  # fmt: skip
"""What is said in which other words: patterns."""

_SAID_SHORTER_WITHOUT_SPACES = (
    ("(?:어젯밤|간밤|지난밤)(?=\\s*(?:12|[0-5])\\s*시)", "오늘 밤"),
    ("어젯밤|간밤|지난밤", "어제 밤"),
    ("오늘밤", "오늘 밤"),
    ("昨晚|昨夜|昨晩|ゆうべ", "yesterday night "),
    ("今晨", "today early morning "),
    ("今朝|今早", "today morning "),
    ("今晚|今夜|今晩", "today night "),
    ("明早|明朝|明晨", "tomorrow morning "),
    ("明晚|明晩", "tomorrow night "),
)
_JOINED = (
    (r"\bgister(?:en)?(?=ochtend|morgen|middag|avond|nacht)", "gisteren "),
    (r"(?<=dag)(?=(?:ochtend|morgen|middag|avond|nacht)\b)", " "),
    (r"\bmorgen(?=ochtend|middag|avond|nacht)", "morgen "),
    (r"(?<=tag)(?=(?:morgen|vormittag|nachmittag|abend|nacht)s?\b)", " "),
)
"""Days that are written in one word with a part of theirs."""


def _plainly(words: str) -> Iterator[str]:
    """Words as they are written, also without accents."""
    for word in words.split("|"):
        yield word
        yield word.translate(_WITHOUT_ACCENTS)


_WITHOUT_ACCENTS = str.maketrans("áàâäãéèêíìóòôöõúùûüñç", "aaaaaeeeiiooooouuuunc")


def _named() -> Iterator[tuple[str, Part]]:
    for before, named in _WORDS:
        heads = (
            "",
            *(f"{head}{'' if head[-1:] == chr(39) else ' '}" for head in before.split("|")),
        )
        for part, words in named.items():
            for word in _plainly(words):
                for head in heads:
                    yield f"{head}{word}".strip(), part


PARTS = dict(_named())
"""All ways to name the parts of a day, in lower case."""

NOON = frozenset(_plainly(_NOON))
MIDNIGHT = frozenset(_plainly(_MIDNIGHT))


def any_of(words: Iterator[str] | frozenset[str]) -> str:
    """A pattern of some words, which matches the longest of them."""
    return "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))


_SPACED = any_of(name for name in PARTS if name[-1] < "\u1100")
_UNSPACED = any_of(name for name in PARTS if name[-1] >= "\u1100")
NAMED_PART = re.compile(rf"(?<!\w)(?:{_SPACED})(?!\w)|{_UNSPACED}")
"""A part of a day within a text."""

_LONGER = tuple(
    (re.compile(short), said)
    for short, said in (
        *(
            (rf"(?<!\w)(?:{'|'.join(shorter)})(?!\w)", said)
            for said, shorter in _SAID_SHORTER.items()
        ),
        *_SAID_SHORTER_WITHOUT_SPACES,
        *_JOINED,
    )
)


def said_in_full(text: str) -> str:
    """A text in lower case in which days that are said together with a part of theirs are apart.

    The small hours of a night that is said so are of the next day.
    """
    for short, said in _LONGER:
        text = short.sub(said, text)
    return " ".join(text.split())
