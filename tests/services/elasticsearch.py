"""An Elasticsearch of one node on a free port of loopback."""

from __future__ import annotations

import os
import pwd
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import httpx

from tests.services.downloads import elasticsearch_home, elasticsearch_version
from tests.services.errors import ServiceMissing
from tests.services.java import find_java
from tests.services.process import JvmService, free_port

_ASK_S = 5


def start_elasticsearch(
    version: str | None = None, *, heap: str = "1g",
    settings: Mapping[str, str] | None = None, files: Mapping[str, bytes] | None = None,
) -> JvmService:  # fmt: skip
    """Starts an Elasticsearch; `address` is its URL.

    Started by root it runs as nobody, since it refuses to run as root.

    Args:
        version: Such as 8.19.21; without it, the version under test.
        heap: Its heap, as Java writes it.
        settings: Lines of `elasticsearch.yml`, beside or instead of the usual ones.
        files: More files of its `config` folder, by name.

    Raises:
        ServiceMissing: When it cannot be had on this machine.
        ServiceFailed: When it does not start.
    """
    version = version or elasticsearch_version()
    java, source = find_java(java_for(version)), elasticsearch_home(version)
    folder = Path(tempfile.mkdtemp(prefix="logboom-elasticsearch-"))
    port = free_port()
    lines = node_settings(port, free_port(), folder, settings or {})
    command = [str(_lay_out(source, folder, lines, files or {}) / "bin" / "elasticsearch")]
    environment = {
        "ES_JAVA_HOME": str(java), "ES_JAVA_OPTS": f"-Xms{heap} -Xmx{heap}", "HOME": str(folder),
        "ES_TMPDIR": str(folder / "tmp"),
    }  # fmt: skip
    scheme = "https" if lines.get("xpack.security.http.ssl.enabled") == "true" else "http"
    url = f"{scheme}://127.0.0.1:{port}"
    service = JvmService(
        "Elasticsearch", url, [*_as_nobody(folder), *command], environment, folder,
        lambda: elasticsearch_answers(url),
    )  # fmt: skip
    try:
        service.start()
    except BaseException:
        service.remove()
        raise
    return service


def java_for(version: str) -> int:
    """The oldest major version of Java that runs this version of Elasticsearch."""
    return 17 if int(version.partition(".")[0]) < 9 else 21


def node_settings(
    port: int, transport_port: int, folder: Path, more: Mapping[str, str]
) -> dict[str, str]:
    """The lines of `elasticsearch.yml`; `more` wins."""
    return {
        "discovery.type": "single-node",
        "network.host": "127.0.0.1",
        "http.port": str(port),
        "transport.port": str(transport_port),
        "path.data": str(folder / "data"),
        "path.logs": str(folder / "logs"),
        "path.repo": str(folder / "repository"),
        "xpack.security.enabled": "false",
        "cluster.routing.allocation.disk.threshold_enabled": "false",
        "node.name": "test-1",
        **more,
    }


def _lay_out(
    source: Path, folder: Path, lines: Mapping[str, str], files: Mapping[str, bytes]
) -> Path:
    """Makes the home and the folders of one node.

    Returns:
        The home.
    """
    home = folder / "home"
    shutil.copytree(source, home, symlinks=True)
    text = "".join(f"{name}: {value}\n" for name, value in lines.items())
    for name, content in {"elasticsearch.yml": text.encode(), **files}.items():
        (home / "config" / name).write_bytes(content)
    for name in ("data", "logs", "repository", "tmp"):
        (folder / name).mkdir()
    return home


def _as_nobody(folder: Path) -> list[str]:
    """Gives the folder to nobody when this is root.

    Returns:
        The words before a command that runs it as nobody; none when this is not root.
    """
    if os.getuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        raise ServiceMissing("Elasticsearch refuses to run as root, and setpriv is not installed")
    nobody = pwd.getpwnam("nobody")
    for path in (folder, *folder.rglob("*")):
        os.chown(path, nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)
    folder.chmod(0o755)
    user = [f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
    return ["setpriv", *user]


def elasticsearch_answers(url: str) -> bool:
    """Whether the server at this URL has all it needs to search and write."""
    try:
        answer = httpx.get(f"{url}/_cluster/health", timeout=_ASK_S, verify=False, trust_env=False)
    except httpx.HTTPError:
        return False
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        return True  # it is there, and wants to know who asks
    return answer.is_success and answer.json()["status"] in {"green", "yellow"}
