"""What is known of the machine that a shipper runs on? The same for all its events.

Nothing is asked over the network: what the kernel, the firmware and the environment say is enough.
"""

from __future__ import annotations

import platform
import re
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path

from logboom import __version__
from logboom.config.model import Fact

_CONTAINER_ID = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_KUBERNETES = {
    "kubernetes.pod.name": "POD_NAME",
    "kubernetes.namespace": "POD_NAMESPACE",
    "kubernetes.node.name": "NODE_NAME",
}
_PROVIDERS = {"Amazon EC2": "aws", "Google": "gcp", "Microsoft Corporation": "azure"}
_REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION", "GOOGLE_CLOUD_REGION", "REGION_NAME")
_NOWHERE = ("192.0.2.1", 9)  # RFC 5737: nobody's address; nothing is sent there


def facts_of(
    wanted: Iterable[Fact], environment: Mapping[str, str], *, root: Path = Path("/")
) -> dict[str, object]:
    """Fields for every event; looked up once, when a shipper starts.

    Args:
        wanted: Which kinds of them.
        environment: Of the process.
        root: Where `proc`, `sys` and `etc` are.

    Returns:
        By their dotted ECS names; what cannot be known is left out.
    """
    kinds = set(wanted)
    found: dict[str, object] = {}
    if "host" in kinds:
        found |= _host(root)
    if "ip" in kinds:
        found |= _ip()
    if "container" in kinds:
        found |= _container(root, environment)
    if "cloud" in kinds:
        found |= _cloud(root, environment)
    if "agent" in kinds:
        found |= {"agent.type": "logboom", "agent.version": __version__}
    return found


def _host(root: Path) -> dict[str, object]:
    about = dict(
        line.split("=", 1) for line in _text(root / "etc/os-release").splitlines() if "=" in line
    )
    known = {
        "host.architecture": platform.machine(),
        "host.os.type": platform.system().lower(),
        "host.os.kernel": platform.release(),
        "host.os.name": about.get("NAME", "").strip('"'),
        "host.os.version": about.get("VERSION_ID", "").strip('"'),
    }
    return {name: value for name, value in known.items() if value}


def _ip() -> dict[str, object]:
    """The address that the machine has towards others."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_NOWHERE)
        except OSError:
            return {}  # there is no way to anywhere
        return {"host.ip": probe.getsockname()[0]}


def _container(root: Path, environment: Mapping[str, str]) -> dict[str, object]:
    found: dict[str, object] = {}
    for place in ("proc/self/cgroup", "proc/self/mountinfo"):
        match = _CONTAINER_ID.search(_text(root / place))
        if match is not None:
            found["container.id"] = match[0]
            break
    found |= {
        field: environment[name] for field, name in _KUBERNETES.items() if environment.get(name)
    }
    return found


def _cloud(root: Path, environment: Mapping[str, str]) -> dict[str, object]:
    firmware = root / "sys/class/dmi/id"
    provider = _PROVIDERS.get(_text(firmware / "sys_vendor").strip())
    if provider is None:
        return {}
    found: dict[str, object] = {"cloud.provider": provider}
    tag = _text(firmware / "board_asset_tag").strip()
    if provider == "aws" and tag.startswith("i-"):
        found["cloud.instance.id"] = tag
        found["cloud.machine.type"] = _text(firmware / "product_name").strip()
    region = next((environment[name] for name in _REGIONS if environment.get(name)), None)
    return found if region is None else {**found, "cloud.region": region}


def _text(path: Path) -> str:
    """What a file says; nothing where it cannot be read: not every system has it."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
