"""Names of rules and groups are told to be wrong where they are, with how to mend them."""

from __future__ import annotations

import pytest
import yaml

from search_api.alerts.reading import understand_rules

WRONG = [
    ("", "is not empty"),
    ("x" * 151, "at most 150 characters and 180 bytes, and this has 151 and 151: shorten it"),
    ("가" * 61, "and this has 61 and 183: shorten it"),
    ("a\tb", "no U+0009 in it, which nobody sees: remove it"),
    ("a\x7fb", "no U+007F in it"),
    ("a\u2028b", "no U+2028 in it"),
    ("\u202eabc", "no U+202E in it"),
    ("a\u200bb", "no U+200B in it"),
    (" lead", "begins and ends with no blank: remove it"),
    ("trail\u3000", "begins and ends with no blank: remove it"),
    ("  ", "begins and ends with no blank: remove it"),
    ("cart/errors #5", "no / and no # in it: write 'cart-errors -5'"),
    ("..", "where . and .. are folders"),
]


def read(group: str, rule: str) -> str:
    groups = [{"name": group, "rules": [{"alert": rule, "when": "count > 1"}]}]
    return understand_rules(yaml.safe_dump({"groups": groups}), origin="shop.yaml").told


@pytest.mark.parametrize(("name", "told"), WRONG)
def test_what_is_wrong_with_a_name_is_told_with_its_place(name: str, told: str) -> None:
    for text, place in (
        (read("shop", name), "shop.yaml: groups[0].rules[0].alert: "),
        (read(name, "Errors"), "shop.yaml: groups[0].name: "),
    ):
        assert text.startswith(place)
        assert told in text
        assert "\n" not in text
        assert text.isprintable()


@pytest.mark.parametrize(
    "name",
    [
        "Errors of the cart",
        "결제 오류",
        "x" * 150,
        "50% slower?",
        "می\u200cخواهم",
        "🚨",
        "a.b",
        "é",
    ],
)
def test_other_names_are_taken(name: str) -> None:
    assert read(name, name) == ""
