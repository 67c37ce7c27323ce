"""What is a client told that thinks it talks to Elasticsearch, beside `_bulk`?

Filebeat, Logstash, Vector, Fluentd, rsyslog and the Elasticsearch clients ask a few things before
they write: which version, which licence, whether templates, policies, pipelines and data streams
exist, or they make them. All of that is answered as if it were there: an event's fields and its
index are decided here, not by the client.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from shipper.inputs.http.bulk import PRODUCT
from shipper.inputs.http.speaking import Answer

VERSION = "8.19.0"
"""The version whose `_bulk` this is."""
_CLUSTER = "logboom"
_SETUP = re.compile(
    r"/(?:_template|_index_template|_component_template|_ilm/policy|_ingest/pipeline|_data_stream"
    r"|_alias|_lifecycle)(?:/([^/]{1,256}))?/?"
)
_INDEX = re.compile(r"/[^_/][^/]{0,255}/?")
_LICENSE = {
    "status": "active", "uid": "00000000-0000-0000-0000-000000000000", "type": "basic",
    "mode": "basic", "issued_to": _CLUSTER, "issuer": _CLUSTER, "start_date_in_millis": -1,
    "issue_date_in_millis": 0, "max_nodes": None, "max_resource_units": None,
}  # fmt: skip
_FIXED: dict[str, dict[str, Any]] = {
    "/": {
        "name": _CLUSTER, "cluster_name": _CLUSTER, "cluster_uuid": "logboom_logboom_logboomA",
        "version": {
            "number": VERSION, "build_flavor": "default", "build_type": "tar",
            "build_hash": "0" * 40, "build_date": "2025-07-23T00:00:00.000Z",
            "build_snapshot": False, "lucene_version": "9.12.2",
            "minimum_wire_compatibility_version": "7.17.0",
            "minimum_index_compatibility_version": "7.0.0",
        },
        "tagline": "You Know, for Search",
    },
    "/_license": {"license": _LICENSE},
    "/_xpack": {
        "license": _LICENSE,
        "features": {"ilm": {"available": True, "enabled": True},
                     "security": {"available": False, "enabled": False}},
    },
    "/_cluster/health": {
        "cluster_name": _CLUSTER, "status": "green", "timed_out": False, "number_of_nodes": 1,
        "number_of_data_nodes": 1, "active_primary_shards": 0, "active_shards": 0,
        "relocating_shards": 0, "initializing_shards": 0, "unassigned_shards": 0,
    },
    "/_nodes": {"cluster_name": _CLUSTER, "nodes": {}},
    "/_nodes/http": {"cluster_name": _CLUSTER, "nodes": {}},
    "/_nodes/ingest": {"cluster_name": _CLUSTER, "nodes": {}},
}  # fmt: skip


def tell(method: str, path: str) -> Answer | None:
    """The answer to anything but a write.

    Args:
        method: HTTP method, in capitals.
        path: Without the query.

    Returns:
        None when there is no answer to this: it is not done here.
    """
    fixed = _FIXED.get(path.rstrip("/") or "/")
    if fixed is not None and method in {"GET", "HEAD"}:
        return _json(fixed)
    names_template = re.fullmatch(r"/_cat/templates/([^/]{1,256})", path)
    if names_template is not None and method == "GET":
        return Answer(200, f"{names_template[1]}\n".encode(), "text/plain", PRODUCT)
    setup = _SETUP.fullmatch(path)
    if setup is not None and method in {"PUT", "POST"}:
        return _json({"acknowledged": True})
    if setup is not None and method in {"GET", "HEAD"}:
        return _json(_there_is(path, setup[1] or "*"))
    if _INDEX.fullmatch(path) and method in {"HEAD", "PUT"}:
        index = path.strip("/")
        return _json({"acknowledged": True, "shards_acknowledged": True, "index": index})
    return None


def _there_is(path: str, name: str) -> dict[str, Any]:
    """Whatever is asked for exists."""
    kind = path.split("/")[1]
    if kind == "_index_template":
        return {"index_templates": [{"name": name, "index_template": {"index_patterns": [name]}}]}
    if kind == "_component_template":
        return {"component_templates": [{"name": name, "component_template": {"template": {}}}]}
    if kind == "_data_stream":
        return {"data_streams": [{"name": name, "status": "GREEN", "indices": []}]}
    if kind == "_ilm":
        return {name: {"version": 1, "policy": {"phases": {}}}}
    if kind == "_alias":
        return {name: {"aliases": {name: {"is_write_index": True}}}}
    return {name: {}}


def _json(body: dict[str, Any]) -> Answer:
    return Answer(200, orjson.dumps(body), headers=PRODUCT)
