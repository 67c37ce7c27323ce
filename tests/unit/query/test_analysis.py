"""Are words cut where the definition says?"""

from __future__ import annotations

import time
import unicodedata
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from logboom.query.analysis import folded, is_part, is_unspaced, part_pattern, words
from logboom.query.automaton import Automaton
from logboom.query.regexp import parse_regexp


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("--- ... ___", []),
        ("Connection refused", ["connection", "refused"]),
        ("user-id user_id userId", ["user", "id", "user", "id", "userid"]),
        ("com.acme.Order$Line", ["com", "acme", "order", "line"]),
        ("/var/log/app.log:17", ["var", "log", "app", "log", "17"]),
        (
            "550e8400-e29b-41d4-a716-446655440000",
            ["550e8400", "e29b", "41d4", "a716", "446655440000"],
        ),
        ("took 1.5s", ["took", "1", "5s"]),
        ("결제 오류가 발생했습니다.", ["결제", "오류가", "발생했습니다"]),
        ("接続に失敗しました。再試行", ["接続に失敗しました", "再試行"]),
        ("Größe ÉCOLE", ["größe", "école"]),
        ("नमस्ते", ["नमस", "ते"]),  # the virama is not Alphabetic, the vowel sign is
        ("ΟΔΟΣ οδός", ["οδοσ", "οδόσ"]),
        ("İzmir I\u0307zmir i\u0307zmir \u0131", ["izmir", "izmir", "izmir", "\u0131"]),
        pytest.param("an i" + "\u0307" * 5_000 + "x", ["an", "ix"], id="an i under many dots"),
        pytest.param(
            "İ" + "\u0307" * 5_000 + "\u0323s", ["\u1ecb", "s"], id="dots above and below"
        ),
        ("x² ½ Ⅷ", ["x2", "1", "2", "viii"]),
        ("cafe\u0301 caf\u00e9 cafe", ["caf\u00e9", "caf\u00e9", "cafe"]),
        ("Mu\u0308ller x\u0304y", ["m\u00fcller", "x", "y"]),  # there is no x with a macron
        ("\uff25\uff32\uff32\uff2f\uff32\uff11\uff12\uff13，\uff4f\uff4b", ["error123", "ok"]),
        ("\uff74\uff97\uff70 \uff83\uff9e\uff70\uff80", ["エラー", "データ"]),
        ("\u30c6\u3099ータ", ["データ"]),
        ("\u110b\u1169\u1105\u1172", ["오류"]),
        ("ㅋㅋㅋ ㅎㅏ", ["ㅋㅋㅋ", "ㅎㅏ"]),
        ("con\ufb01g Core™ 5㎏", ["config", "core", "5"]),
        ("\uf900 5\u00b5s", ["豈", "5\u03bcs"]),
        ("a\0b\ud800c", ["a", "b", "c"]),
        ("done🚀🔥now ✓ ✗", ["done", "🚀", "🔥", "now", "✓", "✗"]),
        ("⚠️ ⚠ 1️⃣", ["⚠", "⚠", "1"]),
        ("👍🏽 🇰🇷 👨\u200d👧", ["👍", "🏽", "🇰", "🇷", "👨", "👧"]),
        ("→ ─ █ ● © 100%", ["100"]),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@given(st.text())
def test_folding_what_is_folded_changes_nothing(text: str) -> None:
    assert folded(folded(text)) == folded(text)


MARKS = "\u0300\u0301\u0307\u0323\u0328\u0344\u0f71\u0f73\u0f75\u3099\uff9e\uff9f\u0bbe"


@given(st.text("aiİςé가ｶ" + MARKS, max_size=8), st.text(MARKS, min_size=20, max_size=60), st.text())
def test_many_marks_on_a_letter_are_folded_as_few_are(front: str, marks: str, end: str) -> None:
    text = front + marks + end
    once = unicodedata.normalize("NFKC", text)
    assert words(text) == words(unicodedata.normalize("NFD", text))
    assert folded(folded(text)) == folded(text)
    if once.isalnum() and not set(once) & set("iİς"):
        assert folded(text) == once


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(("i" + "\u0307" * 300 + " ") * 800, id="dots on many letters"),
        pytest.param("i" + "\u0307" * 300_000, id="dots on one letter"),
        pytest.param("e" + "\u0301\u0323" * 150_000, id="marks that change places"),
        pytest.param("ཀ" + "\u0f73" * 150_000, id="marks that are two, which change places"),
        pytest.param("ｶ" + "\uff9e\u0301" * 150_000, id="marks in half width"),
    ],
)
def test_the_time_grows_with_the_length_of_the_text(text: str) -> None:
    begun = time.process_time()
    words(text)
    assert time.process_time() - begun < 2, "usual is 0.2 s; by the square it were a minute"


@given(st.text(), st.sampled_from(["NFC", "NFD"]))
def test_texts_that_look_the_same_have_the_same_words(text: str, form: Any) -> None:
    assert words(unicodedata.normalize(form, text)) == words(text)


@given(
    st.text("ab1가검", min_size=1, max_size=3),
    st.text("ab1가검é", max_size=8) | st.from_regex(r"[a-z]{14,18}가", fullmatch=True),
)
@example("가", "a" * 16 + "가")
@example("가", "a" * 17 + "가")
@example("가", "ab12가")
@example("가", "ab123가")
@example("b가", "검" + "ab1" * 9 + "b가")
@example("가" * 64 + "나", "검" + "가" * 64 + "다")
def test_stores_are_asked_for_the_words_that_a_word_is_a_part_of(sought: str, word: str) -> None:
    found = Automaton(parse_regexp(part_pattern(sought))).matches(word)
    assert found == is_part(sought, word)


def test_words_of_some_scripts_stand_for_longer_ones() -> None:
    assert all(
        map(
            is_unspaced,
            [
                "오류",
                "失敗",
                "タイム",
                "ひらがな",
                "cpu使用率",
                "เชื่อม",
                "注音ㄅ",
                "a" * 16 + "가",
                "가" * 201,
            ],
        )
    )
    assert not any(map(is_unspaced, ["timeout", "über", "слово", "قلم", "a" * 17 + "가"]))
