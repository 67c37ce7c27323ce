"""A cluster is as old, and can do as much, as its weakest node."""

from __future__ import annotations

from typing import Any

import pytest

from logboom.elastic.server import OLDEST, _parts, _server


def node(version: str = "9.5.3", *modules: str, content: int | None = 100) -> dict[str, Any]:
    found: dict[str, Any] = {"version": version, "modules": [{"name": name} for name in modules]}
    return found if content is None else {**found, "http": {"max_content_length_in_bytes": content}}


def cluster(*nodes: dict[str, Any]) -> dict[str, Any]:
    return {"cluster_name": "c", "nodes": {str(n): one for n, one in enumerate(nodes)}}


def test_the_oldest_version_counts() -> None:
    server = _server(cluster(node("9.10.0"), node("9.9.1"), node("10.0.0-SNAPSHOT")))
    assert (server.version, server.nodes) == ("9.9.1", 3)


@pytest.mark.parametrize(
    ("version", "is_old", "is_new"),
    [("7.17.29", True, False), ("8.18.9", True, False), ("8.19.0", False, False), ("9.0.0", False, False),
     ("9.5.3-SNAPSHOT", False, False), ("10.0.0", False, True), ("what", True, False)],
)  # fmt: skip
def test_versions_are_told_apart(version: str, is_old: bool, is_new: bool) -> None:
    assert (_parts(version) < OLDEST) == is_old
    assert _server(cluster(node(version))).is_newer_than_known == is_new


def test_every_node_must_have_the_tokenizer() -> None:
    full, minimal = node("9.5.3", "x-pack-core", "analysis-common"), node("9.5.3", "x-pack-core")
    assert _server(cluster(full, full)).cuts_words
    assert not _server(cluster(full, minimal)).cuts_words
    assert not _server(cluster({"version": "9.5.3"})).cuts_words


def test_the_smallest_limit_counts() -> None:
    assert _server(cluster(node(content=7), node(content=5))).max_content_bytes == 5
    assert _server(cluster(node(content=None))).max_content_bytes == 100 * 2**20
