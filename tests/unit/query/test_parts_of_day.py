"""Are parts of a day read in the languages that have words for them?"""

from __future__ import annotations

import pytest

from logboom.errors import QueryError
from logboom.query.times import parse_span
from tests.unit.query.test_spoken import NOW_NS, SEOUL, local

DAYS = {"yesterday": 10, "today": 11, "tomorrow": 12}


def hours(day: str, first: int, end: int) -> tuple[str, str]:
    until = DAYS[day] + end // 24
    return f"2026-03-{DAYS[day]}T{first:02}:00", f"2026-03-{until}T{end % 24:02}:00"


@pytest.mark.parametrize(
    ("texts", "stretch"),
    [
        (["yesterday evening", "yesterday in the evening", "gestern Abend", "gestern abends",
          "am Abend gestern", "hier soir", "hier au soir", "ieri sera", "gisteravond", "gisterenavond",
          "gisteren avond", "gisteren 's avonds", "вчера вечером", "어제 저녁"],
         hours("yesterday", 18, 24)),
        (["last night", "letzte Nacht", "gestern Nacht", "la nuit dernière", "ayer por la noche",
          "ayer noche", "anoche", "ontem à noite", "ontem de noite", "la notte scorsa", "ieri notte",
          "afgelopen nacht", "昨晩", "昨夜", "昨日の夜", "昨日の晩", "昨晚", "昨天晚上", "昨天夜里",
          "прошлой ночью", "어젯밤"], hours("yesterday", 18, 24)),
        (["this morning", "heute Morgen", "heute morgen", "heute früh", "heute Vormittag", "ce matin",
          "aujourd'hui matin", "esta mañana", "hoy por la mañana", "esta manhã", "hoje de manhã",
          "hoje pela manhã", "stamattina", "questa mattina", "oggi mattina", "vanochtend", "vanmorgen",
          "今朝", "今日の朝", "今天早上", "今早", "сегодня утром", "오늘 아침"], hours("today", 6, 12)),
        (["yesterday morning", "gestern Morgen", "gestern früh", "hier matin", "ayer por la mañana",
          "ontem de manhã", "ieri mattina", "gisterochtend", "gistermorgen", "昨日の朝", "昨天早上"],
         hours("yesterday", 6, 12)),
        (["yesterday afternoon", "gestern Nachmittag", "hier après-midi", "hier apres-midi",
          "ayer por la tarde", "ontem à tarde", "ieri pomeriggio", "gistermiddag", "вчера днём"],
         hours("yesterday", 12, 18)),
        (["this afternoon", "heute Nachmittag", "cet après-midi", "esta tarde", "hoje à tarde",
          "questo pomeriggio", "vanmiddag"], hours("today", 12, 18)),
        (["昨日の午後", "昨天下午", "어제 오후"], hours("yesterday", 12, 24)),
        (["昨日の午前", "昨天上午", "어제 오전"], hours("yesterday", 0, 12)),
        (["tonight", "heute Abend", "ce soir", "esta noche", "esta noite", "hoje à noite", "stasera",
          "questa sera", "vanavond", "今晩", "今夜", "今晚", "今天晚上", "오늘 밤"], hours("today", 18, 24)),
        (["early this morning", "heute Nacht", "cette nuit", "esta madrugada", "hoy de madrugada",
          "stanotte", "vannacht", "今天凌晨", "今日の未明", "сегодня ночью", "오늘 새벽"],
         hours("today", 0, 6)),
        (["tomorrow morning", "morgen früh", "demain matin", "mañana por la mañana",
          "amanhã de manhã", "domani mattina", "morgenochtend", "明日の朝", "明天早上", "明早"],
         hours("tomorrow", 6, 12)),
        (["morgen Abend", "demain soir", "domani sera", "morgenavond"], hours("tomorrow", 18, 24)),
        (["昨日の夕方"], hours("yesterday", 15, 19)),
        (["昨天傍晚"], hours("yesterday", 17, 20)),
        (["昨天中午"], hours("yesterday", 11, 13)),
        (["monday evening", "Montag Abend", "Montagabend", "lundi soir", "lunedì sera", "maandagavond",
          "月曜日の晩"], ("2026-03-09T18:00", "2026-03-10T00:00")),
        (["anteanoche", "前天晚上", "一昨日の夜", "avant-hier soir", "vorgestern Abend"],
         ("2026-03-09T18:00", "2026-03-10T00:00")),
        (["March 3 in the evening", "3. März abends", "3 mars au soir"],
         ("2026-03-03T18:00", "2026-03-04T00:00")),
    ],
)  # fmt: skip
def test_a_part_of_a_day_is_whole(texts: list[str], stretch: tuple[str, str]) -> None:
    assert {text: local(text) for text in texts} == dict.fromkeys(texts, stretch)


@pytest.mark.parametrize(
    ("texts", "start"),
    [
        (["yesterday evening at 9", "yesterday at 9 in the evening", "9 in the evening yesterday",
          "gestern Abend um 9", "gestern Abend um 21 Uhr", "gestern um 9 Uhr abends", "hier soir à 9h",
          "hier soir à 21h", "hier à 9h du soir", "ayer por la noche a las 9",
          "ayer a las 9 de la noche", "ontem à noite às 9h", "ieri sera alle 9",
          "gisteravond om 9 uur", "昨晩9時", "昨日の夜9時", "昨晚9点", "昨天夜里9点", "last night at 9",
          "last night at 9pm", "어젯밤 9시"], "2026-03-10T21:00"),
        (["this morning at 8", "heute Morgen um 8 Uhr", "heute früh um 8", "ce matin à 8h",
          "esta mañana a las 8", "hoje de manhã às 8h", "stamattina alle 8", "vanochtend om 8 uur",
          "今朝8時", "今早8点", "오늘 아침 8시"], "2026-03-11T08:00"),
        (["yesterday afternoon at 4", "gestern Nachmittag um 4 Uhr", "hier après-midi à 4h",
          "ayer a las 4 de la tarde", "ieri pomeriggio alle 4", "昨日の午後4時", "昨天下午4点"],
         "2026-03-10T16:00"),
        (["last night at 2", "letzte Nacht um 2 Uhr", "heute Nacht um 2 Uhr", "anoche a las 2",
          "cette nuit à 2h", "stanotte alle 2", "vannacht om 2 uur", "昨夜2時", "昨晚2点",
          "last night at 2am", "어젯밤 2시"], "2026-03-11T02:00"),
        (["yesterday at 6 in the afternoon", "昨天傍晚6点", "昨日の夕方6時"], "2026-03-10T18:00"),
        (["ayer a las 12 de la mañana", "昨天中午12点", "yesterday afternoon at 12"],
         "2026-03-10T12:00"),
        (["昨天中午1点", "yesterday afternoon at 1"], "2026-03-10T13:00"),
        (["yesterday at 5 in the morning", "gestern früh um 5"], "2026-03-10T05:00"),
        (["early this morning at 12:30", "今天凌晨12点半", "heute Nacht um 0:30"], "2026-03-11T00:30"),
        (["yesterday evening at 12", "gestern Abend um 12 Uhr"],
         "2026-03-11T00:00"),
    ],
)  # fmt: skip
def test_an_hour_with_a_part_of_a_day_is_that_of_the_part(texts: list[str], start: str) -> None:
    assert {text: local(text)[0] for text in texts} == dict.fromkeys(texts, start)


@pytest.mark.parametrize(
    ("texts", "start"),
    [
        (["noon", "midday", "today at noon", "heute Mittag", "aujourd'hui midi", "hoy a mediodía",
          "hoy al mediodía", "hoje ao meio-dia", "oggi a mezzogiorno", "今日の正午"], "2026-03-11T12:00"),
        (["midnight", "heute um Mitternacht", "aujourd'hui à minuit", "hoy a medianoche",
          "hoje à meia-noite", "oggi a mezzanotte", "vandaag middernacht"], "2026-03-11T00:00"),
    ],
)  # fmt: skip
def test_noon_and_midnight_are_minutes(texts: list[str], start: str) -> None:
    assert {text: local(text) for text in texts} == dict.fromkeys(texts, (start, f"{start[:-1]}1"))


@pytest.mark.parametrize(
    "text",
    ["evening", "Abend", "soir", "夜", "gestern Abend Morgen Nacht früh", "yesterday evening evening",
     "this morning at 11pm blah", "yesterday evening at 2:70", "this morning at 17 o'clock x",
     "yesterday afternoon at 9", "abend " * 16, "mañana " * 14, "夜" * 100],
)  # fmt: skip
def test_what_names_no_part_of_one_day_is_refused(text: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse_span(text, now_ns=NOW_NS, zone=SEOUL)
    assert caught.value.suggestion
