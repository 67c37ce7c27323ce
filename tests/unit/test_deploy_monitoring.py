"""What Prometheus, Alertmanager and Grafana are given exists, is understood, and fires."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric

from logboom.config import read_config
from logboom.fields import EVENT_FIELDS, resolve
from logboom.telemetry import ApiMetrics, PipelineCollector
from logboom.telemetry_alerts import AlertsCollector
from tests.serving import routes

ROOT = Path(__file__).parents[2]
COMPOSE_FOLDER = ROOT / "deploy" / "compose"
RULES_FILE = ROOT / "mappings" / "prometheus" / "logboom.yml"


def _yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


SERVICES: dict[str, dict[str, Any]] = _yaml(ROOT / "compose.yaml")["services"]
PROMETHEUS = _yaml(COMPOSE_FOLDER / "prometheus.yml")
RULES = [rule for group in _yaml(RULES_FILE)["groups"] for rule in group["rules"]]
DASHBOARD = json.loads((ROOT / "mappings" / "grafana" / "logboom.json").read_text(encoding="utf-8"))
SOURCES = _yaml(COMPOSE_FOLDER / "grafana" / "datasources" / "logboom.yaml")["datasources"]
TARGETS = [target for panel in DASHBOARD["panels"] for target in panel["targets"]]
EXPRESSIONS = [rule["expr"] for rule in RULES] + [t["expr"] for t in TARGETS if "expr" in t]
_SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}


def _metric_names() -> set[str]:
    registry = CollectorRegistry()
    ApiMetrics(registry)
    families: list[Metric] = [*registry.collect(), *PipelineCollector().collect()]
    families += AlertsCollector().collect()
    return {family.name + suffix for family in families for suffix in _SUFFIXES[family.type]}


def _promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    if shutil.which("promtool") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("promtool is not installed")
        pytest.skip("promtool is not installed")
    return subprocess.run(["promtool", *arguments], text=True, capture_output=True, check=False)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_expressions_ask_for_metrics_that_exist(expression: str) -> None:
    recorded = {rule["record"] for rule in RULES if "record" in rule}
    named = set(re.findall(r"\blogboom[_:][\w:]+", expression))
    assert named <= _metric_names() | recorded
    assert named or "up{" in expression


def test_promtool_finds_no_fault_with_rules_and_dashboard(tmp_path: Path) -> None:
    checked = _promtool("check", "rules", str(RULES_FILE))
    assert checked.returncode == 0, checked.stderr
    panels = [
        {"record": f"panel:{n}", "expr": target["expr"].replace("$__rate_interval", "1m")}
        for n, target in enumerate(t for t in TARGETS if "expr" in t)
    ]
    file = tmp_path / "panels.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": panels}]}))
    checked = _promtool("check", "rules", str(file))
    assert checked.returncode == 0, checked.stderr


def test_promtool_finds_no_fault_with_the_configuration(tmp_path: Path) -> None:
    mounted = {v.split(":")[1]: v.split(":")[0] for v in SERVICES["prometheus"]["volumes"]}
    assert mounted["/etc/prometheus/prometheus.yml"] == "./deploy/compose/prometheus.yml"
    (pattern,) = PROMETHEUS["rule_files"]
    folder, _, files = pattern.rpartition("/")
    assert RULES_FILE in (ROOT / mounted[folder]).glob(files)
    here = tmp_path / "prometheus.yml"
    here.write_text(yaml.safe_dump({**PROMETHEUS, "rule_files": [str(RULES_FILE)]}))
    checked = _promtool("check", "config", str(here))
    assert checked.returncode == 0, checked.stdout + checked.stderr


CONSUMED = "logboom_events_consumed_total{service='processor',instance='a-1'}"
DEAD = "logboom_events_dead_total{service='processor',instance='a-1'}"


FAILED = "logboom_log_requests_total{instance='p',service_name='shop',status='5xx'}"
CASES: list[tuple[str, dict[str, str], bool]] = [
    ("LogboomApiDown", {"up{job='logboom'}": "0x20"}, True),
    ("LogboomApiDown", {"up{job='logboom'}": "1x20"}, False),
    ("LogboomServiceWaiting", {"logboom_service_waiting{instance='a'}": "1x20"}, True),
    ("LogboomServiceWaiting", {"logboom_service_waiting{instance='a'}": "1 0x19"}, False),
    ("LogboomLagStands", {"logboom_broker_lag{partition='0'}": "5x20", CONSUMED: "9x20"}, True),
    ("LogboomLagStands", {"logboom_broker_lag{partition='0'}": "5x20"}, True),
    ("LogboomLagStands", {"logboom_broker_lag{partition='0'}": "5x20", CONSUMED: "0+9x20"}, False),
    ("LogboomLagStands", {"logboom_broker_lag{partition='0'}": "0x20", CONSUMED: "9x20"}, False),
    ("LogboomLagIsLong", {"logboom_broker_lag": "99999x20", CONSUMED: "0+60x20"}, True),
    ("LogboomLagIsLong", {"logboom_broker_lag": "99x20", CONSUMED: "0+60x20"}, False),
    ("LogboomEventsRefused", {DEAD: "0x15 1x5"}, True),
    ("LogboomEventsRefused", {DEAD: "_x17 3x3"}, True),
    ("LogboomEventsRefused", {DEAD: "3x20"}, False),
    ("LogboomLinesDead", {"logboom_source_lines_dead_total{path='/x'}": "0x15 2x5"}, True),
    ("ServerErrors", {FAILED: "0+10x20"}, True),
    ("ServerErrors", {FAILED: "0+5x20"}, False),
    ("ServerErrors", {FAILED.replace("5xx", "2xx"): "0+100x20"}, False),
    ("LogboomStoreLimitNear", {"logboom_store_limit_used{kind='fields',of='day'}": "0.9x20"}, True),
    (
        "LogboomStoreLimitNear",
        {"logboom_store_limit_used{kind='fields',of='day'}": "0.8x20"},
        False,
    ),
    ("LogboomAlertsLate", {"logboom_alerts_lag_seconds": "200x20"}, True),
    ("LogboomAlertsLate", {"logboom_alerts_lag_seconds": "100x20"}, False),
    (
        "LogboomAlertsNotDelivered",
        {"logboom_alerts_oldest_pending_seconds{receiver='team'}": "0+60x20"},
        True,
    ),
    (
        "LogboomAlertsNotDelivered",
        {"logboom_alerts_oldest_pending_seconds{receiver='team'}": "500x20"},
        False,
    ),
    ("LogboomSearchesSlow", {"logboom_api_slow_searches_total": "0+5x20"}, True),
    ("LogboomSearchesSlow", {"logboom_api_slow_searches_total": "0+1x20"}, False),
    (
        "LogboomApiFails",
        {
            "logboom_api_request_duration_seconds_count{status='503'}": "0+10x20",
            "logboom_api_request_duration_seconds_count{status='200'}": "0+90x20",
        },
        True,
    ),
]


@pytest.mark.parametrize(("alert", "series", "fires"), CASES)
def test_alerts_fire_when_they_should(
    alert: str, series: dict[str, str], fires: bool, tmp_path: Path
) -> None:
    """At minute 20 of a series with one value a minute."""
    query = f"count(ALERTS{{alertname='{alert}',alertstate='firing'}}) > bool 0 or vector(0)"
    expected = [{"labels": "{}", "value": 1 if fires else 0}]
    case = {
        "interval": "1m",
        "input_series": [{"series": s.replace("'", '"'), "values": v} for s, v in series.items()],
        "promql_expr_test": [{"expr": query, "eval_time": "20m", "exp_samples": expected}],
    }
    file = tmp_path / "case.yml"
    file.write_text(
        yaml.safe_dump(
            {"rule_files": [str(RULES_FILE)], "evaluation_interval": "1m", "tests": [case]}
        )
    )
    checked = _promtool("test", "rules", str(file))
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_alert_is_tried_and_explains_itself() -> None:
    alerts = {rule["alert"] for rule in RULES if "alert" in rule}
    assert alerts == {alert for alert, _, fires in CASES if fires}
    for rule in RULES:
        if "alert" in rule:
            assert rule["labels"]["severity"] in {"critical", "warning"}
            assert rule["annotations"]["summary"]


async def test_what_is_scraped_is_served(tmp_path: Path) -> None:
    jobs = {job["job_name"]: job for job in PROMETHEUS["scrape_configs"]}
    config = read_config(COMPOSE_FOLDER / "logboom.yaml", {})
    assert jobs["logboom"]["static_configs"] == [{"targets": [config.api.listen]}]
    assert jobs["logboom"]["honor_labels"] is True
    assert SERVICES["prometheus"]["network_mode"] == SERVICES["api"]["network_mode"]
    served = await routes(tmp_path)
    assert jobs["logboom"]["metrics_path"] in served
    assert "/healthz" in served
    assert f"http://{config.api.listen}/healthz" in SERVICES["api"]["healthcheck"]["test"][-1]


def test_the_other_targets_are_services_with_that_port() -> None:
    (alertmanagers,) = PROMETHEUS["alerting"]["alertmanagers"]
    groups = [alertmanagers, *PROMETHEUS["scrape_configs"][1:]]
    for group in groups:
        for target in group["static_configs"][0]["targets"]:
            _assert_reachable(target, seen_from="prometheus")


def _assert_reachable(target: str, *, seen_from: str) -> None:
    host, _, port = target.partition(":")
    if host == "127.0.0.1":
        host = SERVICES[seen_from]["network_mode"].removeprefix("service:")
    published = {p.rpartition(":")[2] for p in SERVICES[host].get("ports", [])}
    assert port in published | {"9200"}


def test_alerts_go_to_a_receiver_that_exists() -> None:
    manager = _yaml(COMPOSE_FOLDER / "alertmanager.yml")
    assert manager["receivers"] == [{"name": manager["route"]["receiver"]}]


def test_the_data_sources_are_services_and_the_dashboard_uses_them() -> None:
    for source in SOURCES:
        _assert_reachable(urlsplit(source["url"]).netloc, seen_from="grafana")
    uids = {source["uid"] for source in SOURCES}
    used = [item["datasource"]["uid"] for item in (*DASHBOARD["panels"], *TARGETS)]
    assert set(used) == uids
    settings = next(s["jsonData"] for s in SOURCES if s["type"] == "elasticsearch")
    for key in ("timeField", "logMessageField", "logLevelField"):
        assert settings[key] in EVENT_FIELDS
    config = read_config(COMPOSE_FOLDER / "logboom.yaml", {})
    moment = settings["index"].replace("[", "").replace("]", "")
    assert moment.replace("YYYY", "%Y").replace("MM", "%m").replace("DD", "%d") == config.index
    queries = [target["query"] for target in TARGETS if "query" in target]
    assert [resolve(query.partition(":")[0])[0] for query in queries] == ["tags"]


def test_grafana_is_given_the_dashboard() -> None:
    (provider,) = _yaml(COMPOSE_FOLDER / "grafana" / "dashboards" / "logboom.yaml")["providers"]
    mounts = {v.split(":")[1]: v.split(":")[0] for v in SERVICES["grafana"]["volumes"]}
    folder = ROOT / mounts[provider["options"]["path"]]
    assert [file.name for file in folder.glob("*.json")] == ["logboom.json"]
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == f"{provider['options']['path']}/logboom.json"
    for panel in DASHBOARD["panels"]:
        grid = panel["gridPos"]
        assert grid["x"] + grid["w"] <= 24
    identities = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(identities)) == len(identities)
