"""Which Java, which port, which settings, and what is kept of downloads."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.services.downloads import (
    ELASTICSEARCH_VERSION,
    KAFKA_VERSION,
    cache_folder,
    elasticsearch_version,
    kept,
)
from tests.services.elasticsearch import java_for, node_settings
from tests.services.errors import ServiceFailed, ServiceMissing
from tests.services.java import find_java, java_version, oldest_fitting
from tests.services.kafka import server_properties
from tests.services.process import free_port, telling
from tests.services.sources import ELASTICSEARCH, KAFKA, a_kafka, an_elasticsearch, missing


def _jdk(folder: Path, name: str, version: str) -> Path:
    home = folder / name
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "java").touch()
    (home / "release").write_text(f'IMPLEMENTOR="Someone"\nJAVA_VERSION="{version}"\n')
    return home


@pytest.mark.parametrize(
    ("written", "major"),
    [("17.0.14", 17), ("25", 25), ("21-ea", 21), ("26+3", 26), ("1.8.0_392", 1)],
)
def test_the_version_of_a_jdk(tmp_path: Path, written: str, major: int) -> None:
    assert java_version(_jdk(tmp_path, "jdk", written)) == major


def test_what_is_no_jdk_has_no_version(tmp_path: Path) -> None:
    (_jdk(tmp_path, "no-java", "17") / "bin" / "java").unlink()
    (_jdk(tmp_path, "no-release", "17") / "release").unlink()
    homes = [tmp_path / "no-java", tmp_path / "no-release", tmp_path / "nothing"]
    assert [java_version(home) for home in homes] == [0, 0, 0]


def test_the_oldest_jdk_that_fits_is_taken(tmp_path: Path) -> None:
    homes = [_jdk(tmp_path, f"jdk-{version}", version) for version in ("25", "11", "17.0.1", "21")]
    assert oldest_fitting(homes, 17).name == "jdk-17.0.1"
    assert oldest_fitting(homes, 18).name == "jdk-21"


def test_without_a_fitting_jdk_it_is_said_what_was_found(tmp_path: Path) -> None:
    homes = [_jdk(tmp_path, "a", "11"), _jdk(tmp_path, "b", "17"), tmp_path / "none"]
    with pytest.raises(ServiceMissing, match=r"no Java 21 or newer .* \(found: \[11, 17\]\)"):
        oldest_fitting(homes, 21)


def test_every_java_home_variable_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = _jdk(tmp_path, "jdk", "999")
    monkeypatch.setenv("JAVA_HOME_999_X64", str(newest))
    assert find_java(900) == newest


def test_elasticsearch_9_needs_a_newer_java_than_8() -> None:
    assert [java_for(version) for version in ("8.19.21", "9.5.3", "10.0.0")] == [17, 21, 21]


def test_the_version_under_test_can_be_switched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOGBOOM_TEST_ELASTICSEARCH_VERSION", raising=False)
    assert elasticsearch_version() == ELASTICSEARCH_VERSION
    monkeypatch.setenv("LOGBOOM_TEST_ELASTICSEARCH_VERSION", "8.19.21")
    assert elasticsearch_version() == "8.19.21"


def test_the_pom_names_the_same_versions() -> None:
    pom = ET.parse(Path(__file__).with_name("pom.xml"))
    names = {"m": "http://maven.apache.org/POM/4.0.0"}
    found = [
        pom.findtext(f"m:properties/m:{name}.version", namespaces=names)
        for name in ("kafka", "elasticsearch")
    ]
    assert found == [KAFKA_VERSION, ELASTICSEARCH_VERSION]


def test_properties_of_kafka() -> None:
    text = server_properties(9092, 9093, Path("/data"), {"num.partitions": "12", "x": "y"})
    lines = text.splitlines()
    assert "listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093" in lines
    assert "controller.quorum.voters=1@127.0.0.1:9093" in lines
    assert "log.dirs=/data" in lines
    assert [line for line in lines if line.startswith("num.")] == ["num.partitions=12"]
    assert lines[-1] == "x=y"


def test_settings_of_elasticsearch() -> None:
    lines = node_settings(9200, 9300, Path("/es"), {"node.name": "other"})
    assert (lines["http.port"], lines["transport.port"]) == ("9200", "9300")
    assert lines["network.host"] == "127.0.0.1"
    assert lines["path.data"] == "/es/data"
    assert lines["node.name"] == "other"


def test_a_free_port_is_none_that_the_system_gives_to_clients() -> None:
    with socket.socket() as client:
        client.bind(("127.0.0.1", 0))
        given_by_the_system = client.getsockname()[1]
    ports = {free_port() for _ in range(50)}
    assert len(ports) == 50
    assert max(ports) < given_by_the_system


def test_a_free_port_is_given_once_among_all_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()

    def same(_among: range, number: int) -> list[int]:
        return [port] * number

    monkeypatch.setattr(random, "sample", same)
    with pytest.raises(ServiceFailed, match="no port"):
        free_port()
    asked = (
        "import random; random.sample = lambda among, number: [PORT] * number;"
        " from tests.services.process import free_port; free_port()"
    )
    other = subprocess.run(
        [sys.executable, "-c", asked.replace("PORT", str(port))],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert other.stderr.splitlines()[-1].startswith("tests.services.errors.ServiceFailed: no port")


def test_what_failed_is_told_though_much_was_said_after_it() -> None:
    end = [f"INFO part {number} is shut down" for number in range(100)]
    log = ["INFO hello", "java.net.BindException: Address already in use", *end]
    told = telling("\n".join(log)).splitlines()
    assert told == [log[1], *end[-20:]]
    assert telling("ERROR no\nbye") == "ERROR no\nbye"


def test_the_cache_is_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "logboom-tests"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_folder() == tmp_path / "home/.cache/logboom-tests"


def test_what_was_fetched_whole_is_kept_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    fetched = []

    def half(to: Path) -> None:
        (to / "half").touch()
        raise ServiceMissing("the line was cut")

    def whole(to: Path) -> None:
        fetched.append(to)
        (to / "whole").touch()

    with pytest.raises(ServiceMissing, match="the line was cut"):
        kept("service", half)
    first = kept("service", whole)
    assert kept("service", whole) == first
    assert len(fetched) == 1
    assert [path.name for path in first.iterdir()] == ["whole"]
    assert {path.name for path in cache_folder().iterdir()} == {"lock", first.name}


def test_addresses_in_the_environment_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KAFKA, "127.0.0.1:1")
    monkeypatch.setenv(ELASTICSEARCH, "http://127.0.0.1:2")
    with a_kafka() as address, an_elasticsearch() as url:
        assert (address, url) == ("127.0.0.1:1", "http://127.0.0.1:2")


def test_a_missing_service_fails_where_all_must_be_there_and_skips_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="every service must be there: no Java"):
        missing(ServiceMissing("no Java"))
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="no Java"):
        missing(ServiceMissing("no Java"))


@pytest.mark.skipif(
    any(os.environ.get(name) for name in (KAFKA, ELASTICSEARCH, "DOCKER_HOST")),
    reason="the services under test may be on another machine",
)
def test_other_machines_are_out_of_reach() -> None:
    with socket.socket() as client, pytest.raises(AssertionError, match="loopback only"):
        client.connect(("192.0.2.1", 9))
