"""compose.yaml holds together, as far as that can be seen without a container engine."""

from __future__ import annotations

import json
import re
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from logboom.config import Config, read_config

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
_VENDOR = "check_jsonschema.builtin_schemas.vendor"
SCHEMA = json.loads((resources.files(_VENDOR) / "compose-spec.json").read_bytes())


def _complaints(compose: dict[str, Any]) -> list[str]:
    return [error.message for error in Draft202012Validator(SCHEMA).iter_errors(compose)]


def test_it_has_the_published_schema() -> None:
    assert _complaints(COMPOSE) == []


@pytest.mark.parametrize(
    "mistake",
    [{"imagee": "x"}, {"ports": "9090:9090"}, {"restart": 3}, {"healthcheck": {"tst": []}}],
)
def test_the_schema_notices_a_mistake(mistake: dict[str, object]) -> None:
    wrong = {**COMPOSE, "services": {**SERVICES, "api": {**SERVICES["api"], **mistake}}}
    assert _complaints(wrong)


def test_it_starts_everything_that_the_distributed_form_needs() -> None:
    assert set(SERVICES) == {
        "kafka", "elasticsearch", "kibana", "ship", "process", "api", "api-network", "prometheus",
        "alertmanager", "grafana",
    }  # fmt: skip


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned_and_name_no_registry(name: str) -> None:
    path, _, tag = SERVICES[name]["image"].rpartition(":")
    assert path
    assert tag not in {"", "latest"}
    host = path.split("/")[0] if "/" in path else ""
    assert not set(host) & {".", ":"}
    assert host != "localhost"


@pytest.mark.parametrize("name", SERVICES)
def test_services_are_not_privileged_and_publish_on_loopback_only(name: str) -> None:
    service = SERVICES[name]
    assert not service.get("privileged")
    assert service.get("network_mode") != "host"
    for port in service.get("ports", []):
        assert port.startswith("127.0.0.1:")
    if service["image"].startswith("logboom:"):
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_needs_exists(name: str) -> None:
    service = SERVICES[name]
    for other, how in service.get("depends_on", {}).items():
        if how["condition"] == "service_healthy":
            assert "test" in SERVICES[other]["healthcheck"]
    shared = service.get("network_mode", "").removeprefix("service:")
    if shared:
        assert shared in SERVICES
        assert "ports" not in service
    for volume in service.get("volumes", []):
        source, target, *options = volume.split(":")
        if source.startswith("./"):
            assert (ROOT / source).exists()
            assert options == ["ro"]
        else:
            assert source in COMPOSE["volumes"] or source == "/var/log"
        assert target.startswith("/")


def test_every_service_of_ours_is_looked_after_where_it_listens() -> None:
    config = read_config(ROOT / "deploy" / "compose" / "logboom.yaml", {})
    addresses = {
        "ship": config.shipper.metrics, "process": config.processor.metrics,
        "api": config.api.listen,
    }  # fmt: skip
    for name, address in addresses.items():
        assert f"'http://{address}/healthz'" in SERVICES[name]["healthcheck"]["test"][-1]


def test_the_image_looks_where_a_service_listens_by_default() -> None:
    (command,) = re.findall(
        r"^HEALTHCHECK .*\\\n  CMD (\[.*\])$", DOCKERFILE.read_text(encoding="utf-8"), re.MULTILINE
    )
    program = json.loads(command)[2]
    compile(program, "HEALTHCHECK", "exec")
    defaults = Config()
    addresses = (defaults.api.listen, defaults.shipper.metrics, defaults.processor.metrics)
    assert re.findall(r"\b7\d{3}\b", program) == [
        str(address).rpartition(":")[2] for address in addresses
    ]


def test_every_volume_is_used() -> None:
    used = {v.split(":")[0] for service in SERVICES.values() for v in service.get("volumes", [])}
    assert set(COMPOSE["volumes"]) <= used


def test_its_configuration_is_valid_and_names_its_services() -> None:
    config = read_config(ROOT / "deploy" / "compose" / "logboom.yaml", {})
    assert config.broker.kind == "kafka"
    assert config.broker.bootstrap == ["kafka:9092"]
    assert config.store.kind == "elasticsearch"
    assert config.store.urls == ["http://elasticsearch:9200"]
    mounted = {v.split(":")[1] for v in SERVICES["process"]["volumes"]}
    assert str(config.data) in mounted
