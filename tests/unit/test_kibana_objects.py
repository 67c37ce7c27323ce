"""Can Kibana import `mappings/kibana/logboom.ndjson`, and does everything in it exist?

The structure: Kibana's documentation of saved objects, and of what is exported with them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from logboom.config import Config
from logboom.fields import EVENT_FIELDS, FieldType
from logboom.query.lucene import parse_query_with_notes
from logboom.query.model import And, MatchAll, Not, Or, Query

MAPPINGS = Path(__file__).parents[2] / "mappings"
OBJECTS: list[dict[str, Any]] = [
    json.loads(line)
    for line in (MAPPINGS / "kibana" / "logboom.ndjson").read_text("utf-8").splitlines()
]
TEMPLATE = json.loads((MAPPINGS / "elasticsearch" / "events.json").read_text("utf-8"))
NEEDED = {
    "index-pattern": {"title", "timeFieldName"},
    "search": {"title", "columns", "sort", "kibanaSavedObjectMeta"},
    "lens": {"title", "visualizationType", "state"},
    "dashboard": {"title", "panelsJSON", "optionsJSON", "kibanaSavedObjectMeta"},
}
RECORDS = "___records___"
GRID_WIDTH = 48
NAMES = [f"{one['type']}-{one['id']}" for one in OBJECTS]


def of(kind: str) -> list[dict[str, Any]]:
    return [one for one in OBJECTS if one["type"] == kind]


def attributes(one: dict[str, Any], name: str) -> Any:
    """An attribute that is JSON in a text."""
    return json.loads(one["attributes"][name])


def source(one: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        one["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"]
    )
    return found


def layers(one: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = one["attributes"]["state"]["datasourceStates"]["formBased"]["layers"]
    return found


def columns(one: dict[str, Any]) -> dict[str, Any]:
    return {
        name: column for layer in layers(one).values() for name, column in layer["columns"].items()
    }


def mapped(properties: dict[str, Any], path: str = "") -> Iterator[str]:
    for name, entry in properties.items():
        inner = f"{path}.{name}" if path else name
        if "type" in entry:
            yield inner
        yield from mapped(entry.get("properties", {}), inner)


def asked(query: Query) -> Iterator[str | None]:
    match query:
        case And(parts) | Or(parts):
            for part in parts:
                yield from asked(part)
        case Not(part):
            yield from asked(part)
        case MatchAll():
            pass
        case _:
            yield query.field


FIELDS = set(mapped(TEMPLATE["template"]["mappings"]["properties"])) | {"message"}


def queries(node: Any) -> Iterator[dict[str, str]]:
    """Everything that looks like a query, however deep."""
    if isinstance(node, dict):
        if {"language", "query"} == set(node):
            yield node
        for value in node.values():
            yield from queries(value)
    elif isinstance(node, list):
        for value in node:
            yield from queries(value)
    elif isinstance(node, str) and node.startswith(("{", "[")):
        yield from queries(json.loads(node))


@pytest.mark.parametrize("one", OBJECTS, ids=NAMES)
def test_each_has_what_its_type_needs(one: dict[str, Any]) -> None:
    assert {
        "type",
        "id",
        "attributes",
        "references",
        "coreMigrationVersion",
        "typeMigrationVersion",
    } == (set(one))
    assert NEEDED[one["type"]] <= set(one["attributes"])
    assert re.fullmatch(r"[a-z0-9-]+", one["id"])
    assert one["attributes"]["title"].startswith("logboom")
    assert re.fullmatch(r"\d+\.\d+\.\d+", one["typeMigrationVersion"])


def test_all_kinds_are_there_once_each_by_id() -> None:
    assert {one["type"] for one in OBJECTS} == set(NEEDED)
    assert len({(one["type"], one["id"]) for one in OBJECTS}) == len(OBJECTS)


@pytest.mark.parametrize("one", OBJECTS, ids=NAMES)
def test_references_lead_to_objects_and_are_used(one: dict[str, Any]) -> None:
    known = {(other["type"], other["id"]) for other in OBJECTS}
    names = [reference["name"] for reference in one["references"]]
    assert len(set(names)) == len(names)
    for reference in one["references"]:
        assert (reference["type"], reference["id"]) in known
    match one["type"]:
        case "search":
            assert names == [source(one)["indexRefName"]]
        case "lens":
            assert names == [f"indexpattern-datasource-layer-{layer}" for layer in layers(one)]
        case "dashboard":
            panels = attributes(one, "panelsJSON")
            assert names == [f"{panel['panelIndex']}:{panel['panelRefName']}" for panel in panels]
        case _:
            assert names == []


def test_the_data_view_is_of_the_indices_that_are_written() -> None:
    (view,) = of("index-pattern")
    pattern = Config().index
    assert view["attributes"]["title"] == re.sub(r"%Y.*", "*", pattern)
    assert view["attributes"]["timeFieldName"] == "@timestamp"
    assert set(attributes(view, "fieldFormatMap")) <= FIELDS


@pytest.mark.parametrize("one", of("search"), ids=lambda one: one["id"])
def test_searches_show_fields_that_there_are(one: dict[str, Any]) -> None:
    assert set(one["attributes"]["columns"]) <= FIELDS
    assert one["attributes"]["sort"] == [["@timestamp", "desc"]]


@pytest.mark.parametrize("one", of("lens"), ids=lambda one: one["id"])
def test_charts_are_made_of_columns_that_there_are(one: dict[str, Any]) -> None:
    for layer_id, layer in layers(one).items():
        assert sorted(layer["columnOrder"]) == sorted(layer["columns"])
        visualization = one["attributes"]["state"]["visualization"]
        shown = visualization.get("layers", [visualization])
        (drawn,) = [part for part in shown if part["layerId"] == layer_id]
        used = [
            *drawn.get("accessors", []),
            *(drawn[key] for key in ("xAccessor", "splitAccessor") if key in drawn),
            *(column["columnId"] for column in drawn.get("columns", [])),
        ]
        assert sorted(used) == sorted(layer["columns"])
    for column in columns(one).values():
        assert column.get("sourceField", RECORDS) in {*FIELDS, RECORDS}
        order = column.get("params", {}).get("orderBy", {})
        assert order.get("columnId", next(iter(columns(one)))) in columns(one)


@pytest.mark.parametrize("one", of("lens"), ids=lambda one: one["id"])
def test_charts_use_fields_as_their_types_allow(one: dict[str, Any]) -> None:
    kinds = {
        "date_histogram": {FieldType.DATE},
        "terms": {FieldType.KEYWORD},
        "percentile": {FieldType.LONG, FieldType.DOUBLE},
    }
    for column in columns(one).values():
        wanted = kinds.get(column["operationType"])
        if wanted is not None:
            assert EVENT_FIELDS[column["sourceField"]] in wanted


@pytest.mark.parametrize("one", OBJECTS, ids=NAMES)
def test_queries_are_understood_and_ask_for_fields_that_there_are(one: dict[str, Any]) -> None:
    for query in queries(one):
        assert query["language"] == "lucene"
        reading = parse_query_with_notes(query["query"], now_ns=0)
        assert not reading.notes
        assert {name for name in asked(reading.query) if name} <= FIELDS


def test_the_dashboards_panels_fill_the_grid_without_overlap() -> None:
    (dashboard,) = of("dashboard")
    taken: set[tuple[int, int]] = set()
    for panel in attributes(dashboard, "panelsJSON"):
        grid = panel["gridData"]
        assert grid["i"] == panel["panelIndex"]
        assert grid["x"] + grid["w"] <= GRID_WIDTH
        cells = {
            (x, y)
            for x in range(grid["x"], grid["x"] + grid["w"])
            for y in range(grid["y"], grid["y"] + grid["h"])
        }
        assert not cells & taken
        taken |= cells


def test_every_chart_and_the_wanted_ones_are_on_the_dashboard() -> None:
    (dashboard,) = of("dashboard")
    shown = {reference["id"] for reference in dashboard["references"]}
    assert {one["id"] for one in of("lens")} <= shown
    assert {"logboom-levels-over-time", "logboom-error-rate", "logboom-errors-by-service"} <= shown


def test_grafana_is_given_the_embedded_store() -> None:
    text = (MAPPINGS / "grafana" / "elasticsearch-datasource.yml").read_text("utf-8")
    (one,) = yaml.safe_load(text)["datasources"]
    assert one["type"] == "elasticsearch"
    assert one["url"].endswith(f":{Config().api.listen.rpartition(':')[2]}/es")
    assert one["jsonData"]["timeField"] == "@timestamp"
    assert one["jsonData"]["index"] == re.sub(r"%Y.*", "*", Config().index)
    assert {one["jsonData"]["logMessageField"], one["jsonData"]["logLevelField"]} <= FIELDS
    assert one["secureJsonData"]["basicAuthPassword"].startswith("$")
