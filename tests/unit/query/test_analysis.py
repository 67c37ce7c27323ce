"""Are words cut where the definition says?"""

from __future__ import annotations

import pytest

from logboom.query.analysis import words


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
        ("ΟΔΟΣ", ["οδοσ"]),
        ("x² ½ Ⅷ", ["x²", "½", "ⅷ"]),
        ("a\0b\ud800c", ["a", "b", "c"]),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected
