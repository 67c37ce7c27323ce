"""compose.yaml holds together, as far as that can be seen without a container engine."""

from __future__ import annotations

from pathlib import Path

import yaml

from logboom.config import read_config

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))


def test_every_service_has_an_image_and_is_not_privileged() -> None:
    for service in COMPOSE["services"].values():
        assert service["image"]
        assert not service.get("privileged")


def test_ports_are_published_on_loopback_only() -> None:
    for service in COMPOSE["services"].values():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:")


def test_every_dependency_and_volume_exists_and_is_checked() -> None:
    services, volumes = COMPOSE["services"], COMPOSE["volumes"]
    for service in services.values():
        for name in service.get("depends_on", {}):
            assert "healthcheck" in services[name]
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            assert source in volumes or source.startswith("/") or (ROOT / source).exists()


def test_its_configuration_is_valid_and_names_its_services() -> None:
    config = read_config(ROOT / "deploy" / "compose" / "logboom.yaml", {})
    assert config.broker.kind == "kafka"
    assert config.broker.bootstrap == ["kafka:9092"]
    assert config.store.kind == "elasticsearch"
    assert config.store.urls == ["http://elasticsearch:9200"]
