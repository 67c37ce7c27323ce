"""Real Kafka and Elasticsearch as JVM processes, fetched by Maven, without a container engine."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

ELASTICSEARCH_VERSION = "9.5.3"
_POM = Path(__file__).with_name("pom.xml")
_JVM_FOLDERS = (Path("/usr/lib/jvm"), Path("/opt/java"))
_DOWNLOAD_S = 900
_READY_S = 120
_LOG_SETTINGS = (
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss,SSS",
)


class ServiceMissing(Exception):
    """A service cannot be had here; the text says why."""


def cache_folder() -> Path:
    """Where downloads are kept between runs; readable by other users, since Elasticsearch refuses root."""
    base = os.environ.get("LOGBOOM_TEST_CACHE")
    folder = (
        Path(base) if base else Path(tempfile.gettempdir()) / f"logboom-test-services-{os.getuid()}"
    )
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    return folder


@contextlib.contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def find_java(at_least: int) -> Path:
    """The home of the oldest installed JDK that is new enough."""
    homes = [Path(h) for h in (os.environ.get("JAVA_HOME"),) if h]
    homes += [home for folder in _JVM_FOLDERS if folder.is_dir() for home in folder.iterdir()]
    found = sorted((version, home) for home in homes if (version := java_version(home)) >= at_least)
    if not found:
        raise ServiceMissing(f"no Java {at_least} or newer is installed")
    return found[0][1]


def java_version(home: Path) -> int:
    """The major version of a JDK, from its release file; 0 when there is none."""
    release = home / "release"
    if not (home / "bin" / "java").exists() or not release.is_file():
        return 0
    for line in release.read_text().splitlines():
        if line.startswith("JAVA_VERSION="):
            return int(line.split('"')[1].split(".")[0])
    return 0


def _maven(*arguments: str) -> None:
    if shutil.which("mvn") is None:
        raise ServiceMissing("neither Docker nor Maven is installed")
    done = subprocess.run(
        ["mvn", "-q", "-B", "-f", str(_POM), *arguments],
        capture_output=True, text=True, timeout=_DOWNLOAD_S, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise ServiceMissing(f"Maven failed: {(done.stdout + done.stderr)[-600:]}")


def kafka_jars() -> Path:
    """The folder with Kafka's jars."""
    folder = cache_folder()
    with _one_at_a_time(folder):
        jars = folder / "kafka-4.1.0-with-log"
        if not (jars / "complete").exists():
            _maven(
                "dependency:copy-dependencies",
                f"-DoutputDirectory={jars}",
                "-DincludeScope=runtime",
            )
            (jars / "complete").touch()
    return jars


def elasticsearch_home(version: str) -> Path:
    """The folder with an unpacked Elasticsearch."""
    folder = cache_folder()
    with _one_at_a_time(folder):
        parent = folder / f"elasticsearch-{version}"
        if not (parent / "complete").exists():
            _maven(
                "dependency:unpack",
                f"-Delasticsearch.version={version}",
                f"-DoutputDirectory={parent}",
            )
            (parent / "complete").touch()
        (home,) = (path for path in parent.iterdir() if path.is_dir())
        for script in (home / "bin").iterdir():
            script.chmod(0o755)
        for script in home.glob("lib/tools/**/bin/*"):
            script.chmod(0o755)
    return home


def free_port() -> int:
    """A port that nobody uses right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class JvmService:
    """One service process that can be stopped, killed, paused and started again on its port.

    Attributes:
        address: HOST:PORT (Kafka) or a URL (Elasticsearch).
        log_path: Its standard output and error.
    """

    name: str
    address: str
    command: Sequence[str]
    environment: dict[str, str]
    folder: Path
    ready: Callable[[], bool]
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def log_path(self) -> Path:
        return self.folder / "service.log"

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def start(self) -> None:
        """Starts it and waits until it answers."""
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, env={**os.environ, **self.environment}, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        due = time.monotonic() + _READY_S
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() > due:
                tail = self.log_path.read_text(errors="replace")[-3000:]
                self.kill()
                raise RuntimeError(f"{self.name} did not start:\n{tail}")
            time.sleep(0.1)

    def stop(self) -> None:
        """Stops it in order."""
        self._end(signal.SIGTERM, patience_s=30)

    def kill(self) -> None:
        """Pulls the plug."""
        self._end(signal.SIGKILL, patience_s=10)

    def remove(self) -> None:
        """Kills it, and deletes its data."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def pause(self) -> None:
        """It hangs, without being dead."""
        os.killpg(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """It goes on."""
        os.killpg(self.pid, signal.SIGCONT)

    def _end(self, number: signal.Signals, *, patience_s: float) -> None:
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)
        try:
            self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
        self.process = None


def kafka_properties(port: int, controller_port: int, data: Path) -> str:
    """The settings of a broker that is its own controller."""
    return "\n".join(
        (
            "process.roles=broker,controller",
            "node.id=1",
            f"controller.quorum.voters=1@127.0.0.1:{controller_port}",
            f"listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
            f"advertised.listeners=PLAINTEXT://127.0.0.1:{port}",
            "controller.listener.names=CONTROLLER",
            f"log.dirs={data}",
            "num.partitions=4",
            "offsets.topic.num.partitions=4",
            "offsets.topic.replication.factor=1",
            "transaction.state.log.replication.factor=1",
            "transaction.state.log.min.isr=1",
            "group.initial.rebalance.delay.ms=0",
            "log.cleaner.dedupe.buffer.size=8388608",
        )
    )


def start_kafka() -> JvmService:
    """Starts a Kafka of one node on a free port of loopback."""
    java = find_java(17)
    jars = kafka_jars()
    folder = Path(tempfile.mkdtemp(prefix="logboom-kafka-"))
    port, controller_port = free_port(), free_port()
    settings = folder / "server.properties"
    settings.write_text(kafka_properties(port, controller_port, folder / "data"))
    run = [str(java / "bin" / "java"), "-cp", f"{jars}/*"]
    cluster = uuid.uuid4().hex[:22]
    subprocess.run(
        [*run, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(settings)],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    service = JvmService(
        "Kafka", f"127.0.0.1:{port}", [*run[:1], "-Xmx512m", "-Xms256m", *_LOG_SETTINGS, *run[1:], "kafka.Kafka", str(settings)],
        {}, folder, lambda: _port_answers(port),
    )  # fmt: skip
    service.start()
    return service


def start_elasticsearch(
    version: str = ELASTICSEARCH_VERSION, *, heap: str = "1g",
    settings: Mapping[str, str] | None = None, files: Mapping[str, bytes] | None = None,
) -> JvmService:  # fmt: skip
    """Starts an Elasticsearch of one node on a free port of loopback.

    Args:
        settings: Lines of `elasticsearch.yml`, beside or instead of the usual ones.
        files: More files of its `config` folder, by name.
    """
    java = find_java(17 if version.startswith("8.") else 21)
    source = elasticsearch_home(version)
    folder = Path(tempfile.mkdtemp(prefix="logboom-elasticsearch-"))
    folder.chmod(0o755)
    home = folder / "home"
    shutil.copytree(source, home, symlinks=True)
    port = free_port()
    lines = {
        "discovery.type": "single-node",
        "network.host": "127.0.0.1",
        "http.port": str(port),
        "transport.port": str(free_port()),
        "path.data": str(folder / "data"),
        "path.logs": str(folder / "logs"),
        "path.repo": str(folder / "repository"),
        "xpack.security.enabled": "false",
        "cluster.routing.allocation.disk.threshold_enabled": "false",
        "node.name": "test-1",
        **(settings or {}),
    }
    (home / "config" / "elasticsearch.yml").write_text(
        "".join(f"{name}: {value}\n" for name, value in lines.items())
    )
    for name, content in (files or {}).items():
        (home / "config" / name).write_bytes(content)
    for name in ("data", "logs", "repository"):
        (folder / name).mkdir()
    command = [str(home / "bin" / "elasticsearch")]
    if os.getuid() == 0:
        shutil.chown(folder, "nobody", "nogroup")
        for path in folder.rglob("*"):
            shutil.chown(path, "nobody", "nogroup")
        command = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", *command]
    environment = {
        "ES_JAVA_HOME": str(java), "ES_JAVA_OPTS": f"-Xms{heap} -Xmx{heap}", "HOME": str(folder),
        "ES_TMPDIR": str(folder / "data"),
    }  # fmt: skip
    scheme = "https" if lines.get("xpack.security.http.ssl.enabled") == "true" else "http"
    url = f"{scheme}://127.0.0.1:{port}"
    service = JvmService(
        "Elasticsearch", url, command, environment, folder, lambda: _elasticsearch_answers(url)
    )
    service.log_path.touch()
    service.start()
    return service


def _port_answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _elasticsearch_answers(url: str) -> bool:
    try:
        answer = httpx.get(f"{url}/_cluster/health", timeout=5, verify=False)
    except httpx.HTTPError:
        return False
    if answer.status_code == 401:
        return True  # it wants to know who asks
    return answer.status_code == 200 and answer.json()["status"] in {"green", "yellow"}
