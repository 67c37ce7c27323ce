"""Which container wrote a log, by the path of its file?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_DOCKER = re.compile(r".*/containers/([0-9a-f]{64})/\1-json\.log[^/]*")
_PODS = re.compile(r".*/log/pods/([^/_]+)_([^/_]+)_([^/_]+)/([^/]+)/[^/]+")
_CONTAINERS = re.compile(r".*/log/containers/([^/_]+)_([^/_]+)_([^/]+)-([0-9a-f]{64})\.log[^/]*")


@dataclass(frozen=True, slots=True)
class Container:
    """What a path says about a container.

    Attributes:
        name: Its name; None where the path has only its id.
        fields: For every event: `container.id` where the path has it, and Kubernetes' names as
            the application's own fields.
    """

    name: str | None
    fields: Mapping[str, object]


def container_of(path: str) -> Container | None:
    """The container whose log this is.

    Sources: https://docs.docker.com/engine/logging/drivers/json-file/ and Kubernetes' kubelet, which
    writes ``/var/log/pods/<namespace>_<pod>_<uid>/<container>/<restarts>.log`` and links
    ``/var/log/containers/<pod>_<namespace>_<container>-<id>.log`` to it.

    Returns:
        None when the path is that of no container's log.
    """
    if match := _DOCKER.fullmatch(path):
        return Container(None, {"container.id": match[1]})
    if match := _PODS.fullmatch(path):
        return _in_pod(match[2], match[1], match[4], {"uid": match[3]})
    if match := _CONTAINERS.fullmatch(path):
        return _in_pod(match[1], match[2], match[3], {}, {"container.id": match[4]})
    return None


def _in_pod(
    pod: str, namespace: str, container: str, more: Mapping[str, str],
    fields: Mapping[str, object] | None = None,
) -> Container:  # fmt: skip
    kubernetes: dict[str, Any] = {
        "namespace": namespace,
        "pod": {"name": pod, **more},
        "container": {"name": container},
    }
    own = {"container": {"name": container}, "kubernetes": kubernetes}
    return Container(container, {**own, **(fields or {})})
