"""The templates in `mappings/elasticsearch/` are held to the fields of an event."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from logboom.config import ElasticsearchSection
from logboom.elastic.template import load
from logboom.fields import ATTRIBUTES, EVENT_FIELDS, FieldType
from logboom.query.analysis import WORD_PATTERN, folded, words
from logboom.store.elastic.names import IndexNames
from logboom.store.elastic.spelling import OWN, searched_name
from logboom.store.elastic.templates import attribute_mapping, templates

FILES = [
    "settings",
    "events",
    "attributes",
    "texts-analysed",
    "texts-spelled",
    "logsdb",
    "day-index",
    "state",
    "rollups",
]
TEXTS = {name for name, kind in EVENT_FIELDS.items() if kind is FieldType.TEXT}


def leaves(properties: dict[str, Any], above: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, mapping in properties.items():
        if "properties" in mapping:
            yield from leaves(mapping["properties"], f"{above}{name}.")
        else:
            yield above + name, mapping


def mapped(file: str) -> dict[str, dict[str, Any]]:
    return dict(leaves(load(file)["template"]["mappings"]["properties"]))


@pytest.mark.parametrize("file", FILES)
def test_every_file_says_whose_it_is_and_its_version(file: str) -> None:
    content = load(file)
    assert content["version"] == content["_meta"]["version"] >= 1
    assert content["_meta"]["managed_by"] == "logboom"
    assert content["_meta"]["description"]


def test_every_field_is_mapped_as_its_type() -> None:
    found = mapped("events")
    attributes = mapped("attributes")
    assert attributes == {
        ATTRIBUTES: load("attributes")["template"]["mappings"]["properties"][ATTRIBUTES]
    }
    assert attributes[ATTRIBUTES] == {"type": "object", "subobjects": False, "dynamic": True}
    wanted = {name: kind.value for name, kind in EVENT_FIELDS.items() if name not in TEXTS}
    assert {name: mapping["type"] for name, mapping in found.items()} == wanted


def test_a_value_of_a_wrong_type_never_refuses_a_document() -> None:
    for name, mapping in mapped("events").items():
        if mapping["type"] == "keyword":
            assert mapping["ignore_above"] == 8191, name  # 32,764 bytes at most: Lucene's limit
        elif mapping["type"] != "object":
            assert mapping["ignore_malformed"] is True, name


@pytest.mark.parametrize("file", ["texts-analysed", "texts-spelled"])
def test_both_ways_of_texts_map_the_same_names(file: str) -> None:
    found = {name for name in mapped(file) if not name.startswith(f"{OWN}.folded.")}
    assert found == TEXTS | {searched_name(name) for name in TEXTS}
    searched = load(file)["template"]["settings"]["index"]["query"]["default_field"]
    assert set(searched) == {searched_name(name) for name in TEXTS}


def test_where_the_server_cuts_words_our_names_stand_for_the_texts() -> None:
    found = mapped("texts-analysed")
    for name in TEXTS:
        assert found[name]["analyzer"] == "logboom_words"
        assert found[searched_name(name)] == {"type": "alias", "path": name}


def test_where_the_server_cuts_words_those_that_it_would_cut_otherwise_are_added() -> None:
    found = mapped("texts-analysed")
    for name in TEXTS:
        assert found[f"{OWN}.folded.{name}"] == {"type": "text", "index": False, "copy_to": name}


def test_where_it_does_not_the_texts_are_only_kept() -> None:
    found = mapped("texts-spelled")
    for name in TEXTS:
        assert found[name] == {"type": "text", "index": False}
        assert found[searched_name(name)]["analyzer"] == "whitespace"


def test_the_servers_words_are_ours() -> None:
    analysis = load("texts-analysed")["template"]["settings"]["index"]["analysis"]
    tokenizer = analysis["tokenizer"]["logboom_words"]
    assert tokenizer["type"] == "pattern"
    assert tokenizer["group"] == 0
    java = regex.compile(tokenizer["pattern"].replace("IsAlphabetic", "Alphabetic"))
    assert java.findall("a.b_C 주문 x1") == ["a", "b", "C", "주문", "x1"]
    assert java.findall("done🚀🔥x ⚠\ufe0f") == ["done", "🚀", "🔥", "x", "⚠"]
    assert analysis["analyzer"]["logboom_words"]["filter"][0] == "lowercase"


@given(st.text() | st.text("aZ1 é\u0301한\u30c6\u3099-🚀✓\ufe0f", max_size=12))
def test_a_folded_text_is_cut_into_our_words_and_no_word_loses_its_accent(text: str) -> None:
    analysis = load("texts-analysed")["template"]["settings"]["index"]["analysis"]
    java = analysis["tokenizer"]["logboom_words"]["pattern"].replace("IsAlphabetic", "Alphabetic")
    spelled = " ".join(words(text))
    assert regex.findall(java, spelled) == words(text)
    if folded(text) == text and not re.search("[\u0300-\u036f\u3099\u309a]", text):
        assert regex.findall(java, text) == regex.findall(WORD_PATTERN, text)
    assert "cafe" not in regex.findall(java, text + " cafe\u0301s")


@pytest.mark.parametrize("cuts_words", [True, False])
def test_the_templates_fit_together(cuts_words: bool) -> None:
    section = ElasticsearchSection.model_validate(
        {"urls": ["http://localhost:9200"], "replicas": 2}
    )
    names = IndexNames("app-%Y.%m.%d")
    *components, index = templates(section, names, cuts_words=cuts_words)
    *ours, custom = index.content["composed_of"]
    assert [one.path for one in components] == [f"/_component_template/{name}" for name in ours]
    assert custom == "logboom-app@custom"
    assert index.content["ignore_missing_component_templates"] == [custom]
    assert index.content["index_patterns"] == list(names.patterns)
    settings = components[0].content["template"]["settings"]["index"]
    assert settings["auto_expand_replicas"] == "0-2"
    assert settings["mapping"]["ignore_malformed"] is True
    assert OWN in components[-1].content["template"]["mappings"]["properties"]


def test_a_template_changes_its_digest_with_its_settings() -> None:
    names = IndexNames("app-%Y.%m.%d")
    installed = [
        templates(
            ElasticsearchSection.model_validate({"urls": ["http://x:1"], **more}),
            names,
            cuts_words=True,
        )
        for more in (
            {}, {"shards": 2}, {"refresh_interval": "5s"}, {"codec": "best_compression"},
            {"sort": "time"}, {"field_limit": 1000},
        )
    ]  # fmt: skip
    assert len({one[0].digest for one in installed}) == 6
    assert len({one[-1].digest for one in installed}) == 1


def test_a_pattern_that_says_more_goes_first() -> None:
    section = ElasticsearchSection.model_validate({"urls": ["http://x:1"]})
    general, special = (
        templates(section, IndexNames(pattern), cuts_words=True)[-1].content["priority"]
        for pattern in ("a%Y%m%d", "a1%Y%m%d")
    )
    assert special > general


def test_attributes_with_numbers_are_keywords_and_numbers() -> None:
    assert attribute_mapping("number")["type"] == "keyword"
    assert attribute_mapping("number")["fields"]["number"]["coerce"] is False
    assert "fields" not in attribute_mapping("text")


def test_no_name_of_a_field_begins_with_ours() -> None:
    assert not [name for name in EVENT_FIELDS if re.match(rf"{OWN}(\.|$)", name)]
