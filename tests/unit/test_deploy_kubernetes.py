"""The Kubernetes manifests have the published schemas, agree with the code, and are safe."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, cast

import kubernetes_validate
import orjson
import pytest
import yaml
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from logboom.clock import SystemClock
from logboom.config import Config, FileInput, read_config
from shipper.files.discovery import is_named
from shipper.trying import check_inputs, try_events
from tests.serving import routes

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "kubernetes"
BASE, KEDA = FOLDER / "base", FOLDER / "keda"
VERSIONS = ("1.30", "1.37")
SECRETS = "/run/secrets/logboom"
NOT_MANIFESTS = {"kustomization.yaml", "logboom.yaml"}


def _documents(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


MANIFESTS = [
    document
    for path in sorted(BASE.glob("*.yaml"))
    if path.name not in NOT_MANIFESTS
    for document in _documents(path)
]
WORKLOADS = {
    m["metadata"]["labels"]["app.kubernetes.io/component"]: m
    for m in MANIFESTS
    if m["kind"] in {"DaemonSet", "Deployment", "StatefulSet"}
}
SCALED, AUTHENTICATION = _documents(KEDA / "scaledobject.yaml")


def _named(manifest: dict[str, Any]) -> str:
    return f"{manifest['kind']}-{manifest['metadata']['name']}"


def _pod(component: str) -> dict[str, Any]:
    return cast("dict[str, Any]", WORKLOADS[component]["spec"]["template"]["spec"])


def _of_kind(kind: str) -> list[dict[str, Any]]:
    return [m for m in MANIFESTS if m["kind"] == kind]


@pytest.fixture(name="config")
def _config(tmp_path: Path) -> Config:
    """The configuration as the pods read it."""
    text = (BASE / "logboom.yaml").read_text(encoding="utf-8")
    for key in _secret_keys():
        (tmp_path / key).write_text(f"secret {key}\n")
    file = tmp_path / "logboom.yaml"
    file.write_text(text.replace(SECRETS, str(tmp_path)))
    return read_config(file, {"NODE_NAME": "node-7"})


def _secret_keys() -> set[str]:
    text = (BASE / "logboom.yaml").read_text(encoding="utf-8")
    return set(re.findall(rf"{SECRETS}/([\w.-]+)", text))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("manifest", MANIFESTS, ids=_named)
def test_manifests_have_the_published_schema(manifest: dict[str, Any], version: str) -> None:
    assert kubernetes_validate.validate(manifest, version, strict=True) == version


def test_the_schema_notices_a_mistake() -> None:
    for mistake in ({"replica": 2}, {"replicas": "two"}):
        spec = {**WORKLOADS["processor"]["spec"], **mistake}
        with pytest.raises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(
                {**WORKLOADS["processor"], "spec": spec}, VERSIONS[-1], strict=True
            )


@pytest.mark.parametrize("folder", [BASE, KEDA], ids=lambda folder: folder.name)
def test_the_kustomization_names_every_file(folder: Path) -> None:
    (kustomization,) = _documents(folder / "kustomization.yaml")
    named = set(kustomization["resources"])
    for generator in kustomization.get("configMapGenerator", []):
        named |= set(generator["files"])
    there = {path.name for path in folder.iterdir()} - {"kustomization.yaml"}
    assert {name for name in named if not name.startswith("..")} == there
    assert all((folder / name).exists() for name in named)
    assert kustomization["namespace"] == _of_kind("Namespace")[0]["metadata"]["name"]


def test_there_is_one_workload_for_each_service() -> None:
    kinds = {component: workload["kind"] for component, workload in WORKLOADS.items()}
    assert kinds == {"shipper": "DaemonSet", "processor": "StatefulSet", "api": "Deployment"}
    commands = {name: _pod(name)["containers"][0]["args"][0] for name in WORKLOADS}
    assert commands == {"shipper": "ship", "processor": "process", "api": "api"}


@pytest.mark.parametrize("component", WORKLOADS)
def test_pods_are_confined(component: str) -> None:
    pod = _pod(component)
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
    for container in (*pod["containers"], *pod.get("initContainers", ())):
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["readOnlyRootFilesystem"] is True
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert "privileged" not in context
        assert set(container["resources"]["requests"]) == {"cpu", "memory"}
        assert "memory" in container["resources"]["limits"]
        assert "/" not in container["image"]
    for container in pod["containers"]:
        assert "runAsUser" not in container["securityContext"]


def test_the_image_runs_as_the_same_user() -> None:
    assert "USER 10001" in (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    names = {c["image"] for name in WORKLOADS for c in _pod(name)["containers"]}
    (kustomization,) = _documents(BASE / "kustomization.yaml")
    assert names == {image["name"] for image in kustomization["images"]}


@pytest.mark.parametrize("component", WORKLOADS)
def test_everything_mounted_exists(component: str, config: Config) -> None:
    pod = _pod(component)
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    claims = WORKLOADS[component]["spec"].get("volumeClaimTemplates", [])
    names = set(volumes) | {claim["metadata"]["name"] for claim in claims}
    mounts = {mount["mountPath"]: mount for mount in pod["containers"][0]["volumeMounts"]}
    assert {mount["name"] for mount in mounts.values()} == names
    assert not mounts[str(config.data)].get("readOnly")
    assert not mounts["/tmp"].get("readOnly")
    (kustomization,) = _documents(BASE / "kustomization.yaml")
    (generator,) = kustomization["configMapGenerator"]
    assert volumes["config"]["configMap"]["name"] == generator["name"]
    _, option, path = pod["containers"][0]["args"]
    assert option == "-c"
    assert path == f"{'/etc/logboom'}/{generator['files'][0]}"
    assert mounts["/etc/logboom"]["name"] == "config"
    assert mounts[SECRETS]["name"] == "secrets"
    for name, mount in ((m["name"], m) for m in mounts.values()):
        if "hostPath" in volumes.get(name, {}):
            assert component == "shipper"
            assert mount.get("readOnly") or name == "registry"


def test_what_must_last_outlives_the_pod(config: Config) -> None:
    assert {"hostPath": {"path": str(config.data), "type": "DirectoryOrCreate"}}.items() <= next(
        volume for volume in _pod("shipper")["volumes"] if volume["name"] == "registry"
    ).items()
    processor = WORKLOADS["processor"]["spec"]
    assert [claim["metadata"]["name"] for claim in processor["volumeClaimTemplates"]] == ["data"]
    assert processor["persistentVolumeClaimRetentionPolicy"] == {
        "whenScaled": "Retain",
        "whenDeleted": "Retain",
    }


def test_the_configuration_is_valid_and_reads_what_the_runtime_writes(config: Config) -> None:
    check_inputs(config, origin="logboom.yaml")
    (section,) = config.inputs
    assert isinstance(section, FileInput)
    assert is_named(section, "/var/log/pods/shop_cart-7d4_0f1e/cart/0.log")
    assert not is_named(section, "/var/log/pods/logboom_logboom-api-5_0f1e/api/0.log")
    mounts = {mount["mountPath"] for mount in _pod("shipper")["containers"][0]["volumeMounts"]}
    assert {"/var/log/pods", "/var/log/containers"} <= mounts
    assert config.shipper.name == "node-7"
    line = b"2026-11-21T07:00:00.123456789Z stderr F ERROR: no cart\n"
    log = "/var/log/pods/shop_cart-7d4_0f1e/cart/0.log"
    (tried,) = try_events(section, config, path=log, pieces=[line], clock=SystemClock())
    event = orjson.loads(tried.value)
    assert event["message"] == "no cart"
    assert event["log"]["level"] == "error"
    assert event["attributes"]["kubernetes"]["namespace"] == "shop"
    assert event["@timestamp"].startswith("2026-11-21T07:00:00.123456")
    assert event["host"]["name"] == "node-7"
    assert event["service"]["name"] == "cart"
    assert datetime.fromisoformat(event["@timestamp"]).tzinfo == UTC


@pytest.mark.parametrize("component", ["shipper", "processor"])
def test_what_has_no_api_is_probed_where_it_listens(component: str, config: Config) -> None:
    address = {"shipper": config.shipper.metrics, "processor": config.processor.metrics}[component]
    (container,) = _pod(component)["containers"]
    for probe, path in (("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")):
        assert f"'http://{address}{path}'" in container[probe]["exec"]["command"][-1]


async def test_the_api_is_reached_and_probed_where_it_listens(
    config: Config, tmp_path: Path
) -> None:
    host, _, port = config.api.listen.partition(":")
    assert host == "127.0.0.1"
    (container,) = _pod("api")["containers"]
    assert [p["containerPort"] for p in container["ports"]] == [int(port)]
    service = next(s for s in _of_kind("Service") if s["metadata"]["name"] == "logboom-api")
    assert [p["port"] for p in service["spec"]["ports"]] == [int(port)]
    assert service["spec"].get("type", "ClusterIP") == "ClusterIP"
    served = await routes(tmp_path)
    for probe, path in (("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")):
        assert f"'http://{config.api.listen}{path}'" in container[probe]["exec"]["command"][-1]
        assert path in served


@pytest.mark.parametrize("kind", ["PodDisruptionBudget", "Service", "StatefulSet", "Deployment"])
def test_selectors_select_pods(kind: str) -> None:
    labels = [w["spec"]["template"]["metadata"]["labels"] for w in WORKLOADS.values()]
    for manifest in _of_kind(kind):
        selector = manifest["spec"]["selector"]
        wanted = selector if kind == "Service" else selector["matchLabels"]
        assert sum(wanted.items() <= those.items() for those in labels) == 1


def test_whatever_has_replicas_has_a_disruption_budget() -> None:
    budgets = {m["metadata"]["name"] for m in _of_kind("PodDisruptionBudget")}
    replicated = {w["metadata"]["name"] for w in WORKLOADS.values() if "replicas" in w["spec"]}
    assert budgets == replicated


def test_the_network_is_open_where_it_must_be_and_nowhere_else(config: Config) -> None:
    everyone, with_store = _of_kind("NetworkPolicy")
    for workload in WORKLOADS.values():
        labels = workload["spec"]["template"]["metadata"]["labels"]
        assert everyone["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
    assert set(everyone["spec"]["policyTypes"]) == {"Ingress", "Egress"}
    assert everyone["spec"]["ingress"] == []
    assert config.broker.kind == "kafka"
    assert config.store.kind == "elasticsearch"
    brokers = {int(address.rpartition(":")[2]) for address in config.broker.bootstrap}
    assert _ports(everyone) == {53} | brokers
    assert _ports(with_store) == {int(url.rpartition(":")[2]) for url in config.store.urls}
    (expression,) = with_store["spec"]["podSelector"]["matchExpressions"]
    assert set(expression["values"]) == set(WORKLOADS) - {"shipper"}


def _ports(policy: dict[str, Any]) -> set[int]:
    return {port["port"] for rule in policy["spec"]["egress"] for port in rule["ports"]}


def test_secrets_come_from_the_secret_and_are_documented() -> None:
    page = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    keys = _secret_keys()
    assert keys == {"kafka-username", "kafka-password", "elasticsearch-api-key", "ca.crt"}
    for key in keys:
        assert f"{key}=" in page
    for component in WORKLOADS:
        volume = next(v for v in _pod(component)["volumes"] if v["name"] == "secrets")
        assert volume["secret"]["secretName"] == "logboom"
    references = AUTHENTICATION["spec"]["secretTargetRef"]
    assert {reference["key"] for reference in references} <= keys
    assert {reference["name"] for reference in references} == {"logboom"}


class _Strict(BaseModel):
    model_config = ConfigDict(
        extra="forbid", strict=True, alias_generator=to_camel, populate_by_name=True
    )


class _ScaleTarget(_Strict):
    api_version: str
    kind: str
    name: str


class _KafkaLag(_Strict):
    """KEDA takes texts only; see its page "Apache Kafka"."""

    bootstrap_servers: str
    consumer_group: str
    topic: str
    lag_threshold: str
    sasl: Literal["plaintext", "scram_sha256", "scram_sha512"]
    tls: Literal["enable", "disable"]


class _Trigger(_Strict):
    type: Literal["kafka"]
    metadata: _KafkaLag
    authentication_ref: dict[Literal["name"], str]


class _Scaling(_Strict):
    """What we use of KEDA's ScaledObject: no package that we could find carries its schema alone."""

    scale_target_ref: _ScaleTarget
    min_replica_count: int
    max_replica_count: int
    polling_interval: int
    advanced: dict[Literal["horizontalPodAutoscalerConfig"], dict[Literal["behavior"], Any]]
    triggers: list[_Trigger]


def test_processors_follow_the_lag(config: Config) -> None:
    assert (SCALED["apiVersion"], SCALED["kind"]) == ("keda.sh/v1alpha1", "ScaledObject")
    scaling = _Scaling.model_validate(SCALED["spec"])
    processor = WORKLOADS["processor"]
    assert scaling.scale_target_ref == _ScaleTarget(
        api_version=processor["apiVersion"],
        kind=processor["kind"],
        name=processor["metadata"]["name"],
    )
    assert (scaling.min_replica_count, scaling.max_replica_count) == (2, 20)
    (trigger,) = scaling.triggers
    assert config.broker.kind == "kafka"
    assert trigger.metadata.bootstrap_servers == ",".join(config.broker.bootstrap)
    assert trigger.metadata.consumer_group == config.processor.group
    assert trigger.metadata.topic == config.broker.topic
    assert config.broker.partitions >= scaling.max_replica_count
    assert int(trigger.metadata.lag_threshold) > config.processor.batch_events
    assert config.broker.sasl is not None
    mechanism = config.broker.sasl.mechanism.lower().replace("-", "_")
    assert mechanism.replace("scram_sha_", "scram_sha") == trigger.metadata.sasl
    assert trigger.metadata.tls == ("enable" if config.broker.tls is not None else "disable")
    assert trigger.authentication_ref == {"name": AUTHENTICATION["metadata"]["name"]}


def test_the_way_of_scaling_is_one_that_kubernetes_knows() -> None:
    behavior = SCALED["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    scaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "as-keda-makes-it"},
        "spec": {
            "scaleTargetRef": SCALED["spec"]["scaleTargetRef"],
            "maxReplicas": SCALED["spec"]["maxReplicaCount"],
            "behavior": behavior,
        },
    }
    assert kubernetes_validate.validate(scaler, VERSIONS[-1], strict=True) == VERSIONS[-1]


def test_kustomize_takes_the_number_of_processors_out() -> None:
    (kustomization,) = _documents(KEDA / "kustomization.yaml")
    (patch,) = kustomization["patches"]
    workload = WORKLOADS["processor"]
    assert patch["target"] == {"kind": workload["kind"], "name": workload["metadata"]["name"]}
    assert yaml.safe_load(patch["patch"]) == [{"op": "remove", "path": "/spec/replicas"}]
    assert "replicas" in workload["spec"]
