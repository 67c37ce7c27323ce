"""Servers that are taken for Elasticsearch are told apart, and what to write instead is said."""

from __future__ import annotations

from typing import Any

import pytest

from logboom.elastic.strangers import stranger

LUCENE = {"lucene_version": "9.7.0"}


@pytest.mark.parametrize(
    ("headers", "greeting", "says"),
    [
        ({"kbn-name": "kibana", "location": "/login"}, None, "Kibana's port"),
        ({}, {"version": {"distribution": "opensearch", "number": "2.11.1", **LUCENE}}, "OpenSearch 2.11.1"),
        ({}, {"version": {"number": "7.10.2", **LUCENE}}, "7.10.2 is too old"),
        ({}, {"version": {"number": "9.5.3", **LUCENE}}, "proxy"),
        ({}, {"version": 3}, "no Elasticsearch"),
        ({"server": "nginx"}, "<html>", "no Elasticsearch"),
        ({}, None, "no Elasticsearch"),
    ],
)  # fmt: skip
def test_it_is_said_who_answers(headers: dict[str, str], greeting: Any, says: str) -> None:
    sentence = stranger(headers, greeting, "http://es:9200").sentence()
    assert says in sentence
    assert sentence.startswith("http://es:9200: ")
