"""Is the last one of days and lengths of time known in other languages?"""

from __future__ import annotations

import pytest

from tests.unit.query.test_spoken import local

NOW = "2026-03-11T10:30:15.123456"


@pytest.mark.parametrize(
    ("texts", "stretch"),
    [
        (["last hour", "letzte Stunde", "die letzte Stunde", "la dernière heure", "última hora",
          "la última hora", "ultima ora", "l'ultima ora", "a última hora", "laatste uur",
          "het afgelopen uur", "過去1時間", "直近1時間", "最近1小时", "过去一小时内", "последний час",
          "за последний час", "지난 1시간"], ("2026-03-11T09:30:15.123456", NOW)),
        (["last 2 hours", "letzte 2 Stunden", "die letzten zwei Stunden", "2 dernières heures",
          "les 2 dernières heures", "últimas 2 horas", "las últimas 2 horas", "as últimas 2 horas",
          "ultime 2 ore", "le ultime 2 ore", "afgelopen 2 uur", "de laatste 2 uur", "過去2時間",
          "最近2小时", "过去两小时", "последние 2 часа"], ("2026-03-11T08:30:15.123456", NOW)),
        (["last 15 minutes", "letzte 15 Minuten", "les 15 dernières minutes", "últimos 15 minutos",
          "ultimi 15 minuti", "laatste 15 minuten", "過去15分", "最近15分钟", "последние 15 минут"],
         ("2026-03-11T10:15:15.123456", NOW)),
        (["last wednesday", "letzten Mittwoch", "am letzten Mittwoch", "mercredi dernier",
          "el miércoles pasado", "mercoledì scorso", "quarta-feira passada", "afgelopen woensdag",
          "vorige woensdag"], ("2026-03-04T00:00", "2026-03-05T00:00")),
        (["on monday", "am Montag", "el lunes", "op maandag", "le lundi"],
         ("2026-03-09T00:00", "2026-03-10T00:00")),
        (["el 3 de marzo", "il 3 marzo", "am 3. März", "le 3 mars", "on March 3"],
         ("2026-03-03T00:00", "2026-03-04T00:00")),
        (["am Montag um 9 Uhr", "el lunes a las 9h", "lundi dernier à 9h"],
         ("2026-03-09T09:00", "2026-03-09T10:00")),
        (["last week", "letzte Woche", "la semana pasada", "la semaine dernière", "vorige week"],
         ("2026-03-02T00:00", "2026-03-09T00:00")),
        (["mercredi dernier au soir", "letzten Mittwoch Abend", "last wednesday evening"],
         ("2026-03-04T18:00", "2026-03-05T00:00")),
    ],
)  # fmt: skip
def test_the_last_one_is_named(texts: list[str], stretch: tuple[str, str]) -> None:
    assert {text: local(text) for text in texts} == dict.fromkeys(texts, stretch)
