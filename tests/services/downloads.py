"""What Maven fetches for the services, kept between runs."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.services.errors import ServiceMissing

KAFKA_VERSION = "4.1.0"
ELASTICSEARCH_VERSION = "9.5.3"
_POM = Path(__file__).with_name("pom.xml")
_FETCH_S = 900


def cache_folder() -> Path:
    """Where downloads are kept: the same for all checkouts of this user."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base) / "logboom-tests"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def elasticsearch_version() -> str:
    """The version under test: `LOGBOOM_TEST_ELASTICSEARCH_VERSION`, else the newest supported."""
    return os.environ.get("LOGBOOM_TEST_ELASTICSEARCH_VERSION") or ELASTICSEARCH_VERSION


def kafka_jars() -> Path:
    """The folder with the jars of Kafka's broker, fetched if needed.

    Raises:
        ServiceMissing: When Maven is missing or cannot fetch them.
    """
    return kept(f"kafka-{KAFKA_VERSION}", _fetch_kafka)


def elasticsearch_home(version: str) -> Path:
    """The unpacked Elasticsearch of this version, fetched if needed; only to be copied.

    Raises:
        ServiceMissing: When Maven is missing or cannot fetch it.
    """
    return kept(f"elasticsearch-{version}", lambda to: _fetch_elasticsearch(version, to))


def kept(name: str, fetch: Callable[[Path], None]) -> Path:
    """The folder that `fetch` fills, from the cache if it is there.

    A folder appears in the cache only when it is whole, and only one process fetches at a time.
    Another pom.xml makes another folder.
    """
    cache = cache_folder()
    wanted = cache / f"{name}-{hashlib.sha256(_POM.read_bytes()).hexdigest()[:8]}"
    with _one_at_a_time(cache):
        if not wanted.exists():
            with tempfile.TemporaryDirectory(prefix="partial-", dir=cache) as partial:
                made = Path(partial) / "made"
                made.mkdir()
                fetch(made)
                made.rename(wanted)
    return wanted


def _fetch_kafka(to: Path) -> None:
    _maven("dependency:copy-dependencies", f"-DoutputDirectory={to}", "-DincludeScope=runtime")


def _fetch_elasticsearch(version: str, to: Path) -> None:
    _maven(
        "dependency:copy",
        f"-Delasticsearch.version={version}",
        f"-DoutputDirectory={to}",
    )
    (packed,) = to.glob("*.zip")
    with zipfile.ZipFile(packed) as archive:
        for member in archive.infolist():
            unpacked = Path(archive.extract(member, to))
            unpacked.chmod((member.external_attr >> 16) & 0o777 or 0o755)
    packed.unlink()
    (home,) = to.iterdir()
    for path in home.iterdir():
        path.rename(to / path.name)
    home.rmdir()


def _maven(*arguments: str) -> None:
    if shutil.which("mvn") is None:
        raise ServiceMissing("no container engine answers, and Maven is not installed")
    done = subprocess.run(
        ["mvn", "--quiet", "--batch-mode", "--file", str(_POM), *arguments],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_FETCH_S, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise ServiceMissing(f"Maven failed: {(done.stdout + done.stderr)[-1000:]}")


@contextlib.contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
