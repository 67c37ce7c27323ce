"""Do words of other languages mean what the English ones do?"""

from __future__ import annotations

import pytest
from dateparser.languages.loader import default_loader

from logboom.errors import QueryError
from logboom.query.times import parse_span
from logboom.query.translation import LANGUAGES, MORE_LANGUAGES
from tests.unit.query.test_spoken import NOW_NS, SEOUL, local

TODAY = ("2026-03-11T00:00", "2026-03-12T00:00")
YESTERDAY = ("2026-03-10T00:00", "2026-03-11T00:00")
BEFORE_YESTERDAY = ("2026-03-09T00:00", "2026-03-10T00:00")
TOMORROW = ("2026-03-12T00:00", "2026-03-13T00:00")
LAST_WEEK = ("2026-03-02T00:00", "2026-03-09T00:00")
LAST_MONTH = ("2026-02-01T00:00", "2026-03-01T00:00")
LAST_YEAR = ("2025-01-01T00:00", "2026-01-01T00:00")
NEXT_WEEK = ("2026-03-16T00:00", "2026-03-23T00:00")
MONDAY = ("2026-03-09T00:00", "2026-03-10T00:00")
THREE_PM = ("2026-03-10T15:00", "2026-03-10T15:01")
THREE_PM_HOUR = ("2026-03-10T15:00", "2026-03-10T16:00")
IN_MARCH = ("2025-03-03T00:00", "2025-03-04T00:00")


@pytest.mark.parametrize(
    ("texts", "stretch"),
    [
        (["today", "heute", "aujourd'hui", "hoy", "hoje", "oggi", "vandaag", "今日", "今天", "сегодня",
          "dzisiaj", "bugün", "idag", "tänään", "σήμερα", "اليوم", "היום", "आज", "hôm nay", "วันนี้",
          "hari ini"], TODAY),
        (["gestern", "hier", "ayer", "ontem", "ieri", "gisteren", "昨日", "昨天", "вчера", "вчора",
          "wczoraj", "dün", "včera", "igår", "i går", "eilen", "tegnap", "χθες", "أمس", "אתמול",
          "hôm qua", "เมื่อวาน", "kemarin"], YESTERDAY),
        (["vorgestern", "avant-hier", "anteontem", "eergisteren", "一昨日", "前天", "позавчера",
          "day before yesterday"], BEFORE_YESTERDAY),
        (["morgen", "demain", "mañana", "amanhã", "domani", "明日", "明天", "завтра", "jutro", "yarın", "sutra"],
         TOMORROW),
        (["letzte Woche", "la semaine dernière", "la semana pasada", "semana passada", "vorige week",
          "先週", "上周", "上週", "на прошлой неделе", "geçen hafta", "minulý týden", "förra veckan"],
         LAST_WEEK),
        (["letzten Monat", "le mois dernier", "mês passado", "先月", "上个月", "в прошлом месяце"],
         LAST_MONTH),
        (["letztes Jahr", "vorig jaar", "去年", "昨年", "anno scorso", "năm ngoái"], LAST_YEAR),
        (["nächste Woche", "la próxima semana", "来週", "下周", "на следующей неделе"], NEXT_WEEK),
        (["Montag", "lundi", "lunes", "月曜日", "星期一", "周一", "понедельник", "poniedziałek", "hétfő",
          "thứ hai"], MONDAY),
        (["вчера в 15:00", "15:00 вчера", "ontem às 15:00", "ieri alle 15:00", "gisteren om 15:00",
          "i går kl. 15:00", "wczoraj o 15:00", "昨日の15:00", "昨天 15:00"], THREE_PM),
        (["gestern um 15 Uhr", "vor einem Tag um 15 Uhr", "ontem às 15h", "昨日の15時", "昨天下午3点",
          "hier 15", "昨天 15"], THREE_PM_HOUR),
        (["3. März 2025", "3 mars 2025", "3 марта 2025", "3 marca 2025"], IN_MARCH),
        (["上周五", "上週五", "letzte Woche Freitag"], ("2026-03-06T00:00", "2026-03-07T00:00")),
        (["3 mars 2025 14:00", "3 марта 2025 14:00"], ("2025-03-03T14:00", "2025-03-03T14:01")),
    ],
)  # fmt: skip
def test_named_days_weeks_months_and_years_are_whole(
    texts: list[str], stretch: tuple[str, str]
) -> None:
    assert {text: local(text) for text in texts} == dict.fromkeys(texts, stretch)


@pytest.mark.parametrize(
    ("texts", "moment"),
    [
        (["vor 2 Stunden", "il y a 2 heures", "hace 2 horas", "há 2 horas", "2 ore fa", "2時間前",
          "2小时前", "两小时前", "2个小时前", "2小時前", "2 часа назад", "2 saat önce", "2 godziny temu",
          "2 giờ trước", "2 jam yang lalu", "לפני שעתיים", "2 घंटे पहले", "قبل ساعتين"],
         "2026-03-11T08:30:15.123456"),
        (["1時間前", "一小时前", "vor einer Stunde"], "2026-03-11T09:30:15.123456"),
        (["十五分钟前", "15分钟前", "15 минут назад"], "2026-03-11T10:15:15.123456"),
        (["3 dni temu", "3天前", "三天前", "三日前", "3日前", "vor drei Tagen"],
         "2026-03-08T10:30:15.123456"),
        (["vor einer Woche", "il y a une semaine", "hace una semana", "неделю назад", "1周前"],
         "2026-03-04T10:30:15.123456"),
        (["полчаса назад"], "2026-03-11T10:00:15.123456"),
        (["in 2 Stunden", "через 2 часа"], "2026-03-11T12:30:15.123456"),
        (["jetzt", "ahora", "сейчас"], "2026-03-11T10:30:15.123456"),
    ],
)  # fmt: skip
def test_what_lies_a_length_of_time_back_is_an_instant(texts: list[str], moment: str) -> None:
    assert {text: local(text) for text in texts} == dict.fromkeys(texts, (moment, moment))


@pytest.mark.parametrize("code", sorted({*LANGUAGES, *MORE_LANGUAGES} - {"hi"}))
def test_yesterday_is_a_day_in_each_language(code: str) -> None:
    info = default_loader.get_locale(code).info
    names = [name for name in info["relative-type"]["1 day ago"] if len(name) > 3]
    names = [name for name in names if not set(name.split()) & set(info.get("ago", []))]
    names = names or info["relative-type"]["1 day ago"]
    assert {name: local(name) for name in names} == dict.fromkeys(names, YESTERDAY)


@pytest.mark.parametrize(
    ("text", "start"),
    [("may", "2025-05-01T00:00"), ("mar", "2026-03-01T00:00"), ("sun", "2026-03-08T00:00"),
     ("10月", "2025-10-01T00:00")],
)  # fmt: skip
def test_a_bare_word_means_what_it_means_in_english(text: str, start: str) -> None:
    assert local(text)[0] == start


@pytest.mark.parametrize(
    "text",
    ["yesteday", "ysterday 3pm", "2 hous ago", "last wek", "3 dn temu", "вчра", "вчра в 15:00",
     "вчера вчера", "heute gestern", "today and tomorrow", "2 часа", "1 1", "5 5 5", "man", "sad",
     "most", "fred", "tors", "nu", "月日前", "十十天前", "कल", "昨昨", "x " * 49],
)  # fmt: skip
def test_nonsense_and_what_has_two_meanings_is_refused(text: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse_span(text, now_ns=NOW_NS, zone=SEOUL)
    assert caught.value.suggestion
