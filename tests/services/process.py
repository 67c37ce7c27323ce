"""A service in a process group of its own, to be stopped, killed, paused and started again."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import random
import re
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.polling import eventually
from tests.services.errors import ServiceFailed

_READY_S = 180
_STOP_S = 60
_KILL_S = 30
_TELLING = re.compile(r"ERROR|FATAL|Exception\b|Error\b|error:|Caused by")
_TELLING_LINES = 20
_LAST_LINES = 20
_LINE_CHARACTERS = 300
_LOWEST_PORT = 10_000
_EPHEMERAL_PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")
_START = 'echo $$ >"$0/group" && exec "$@"'  # known to the guard before it is there
_GUARD = """
cat >/dev/null
group=$(cat "$1/group" 2>/dev/null) && kill -s KILL -- "-$group" 2>/dev/null
for _ in 1 2 3 4 5 6 7 8 9 10; do rm -rf "$1" 2>/dev/null && exit; sleep 0.5; done
"""


def free_port() -> int:
    """A port of loopback that nobody uses right now, and that nobody else is given by this.

    It lies below those that the system gives to outgoing connections. Otherwise a client that
    tries to reconnect while the service is down could be given the service's own port, be
    connected to itself, and keep the service from starting again. It stays this process's own to its
    end, among all that run these tests: a service may take ten seconds until it listens.
    """
    ephemeral = int(_EPHEMERAL_PORTS.read_text().split()[0]) if _EPHEMERAL_PORTS.exists() else 32768
    for port in random.sample(range(_LOWEST_PORT, ephemeral), 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            _ports.take(port)
            return port
    raise ServiceFailed(f"no port from {_LOWEST_PORT} to {ephemeral} is free")


class _Ports:
    """The ports that have been given away: a lock on a byte of a file is told to other processes."""

    def __init__(self) -> None:
        self._here: set[int] = set()
        self._file: int | None = None

    def take(self, port: int) -> None:
        """Notes a port as this process's own.

        Raises:
            OSError: It has been given away, here or in another process.
        """
        if port in self._here:
            raise OSError(errno.EADDRINUSE, "given away here")
        if self._file is None:
            name = f"logboom-ports-{os.getuid()}.lock"
            self._file = os.open(Path(tempfile.gettempdir()) / name, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
        self._here.add(port)


_ports = _Ports()


def accepts(address: str) -> bool:
    """Whether something accepts connections at HOST:PORT."""
    host, _, port = address.rpartition(":")
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, int(port))) == 0


@dataclass
class JvmService:
    """One service on this machine; its port and its data stay the same from start to start.

    When the process that made it ends, however it ends, the service is killed and its folder
    removed: a guard process sees to that.

    Attributes:
        name: For messages.
        address: HOST:PORT (Kafka) or a URL (Elasticsearch).
        command: What is run, with `environment` beside that of this process.
        folder: Everything it writes; removed by `remove`.
        ready: Whether it answers as a service that is wholly there; does not raise.
    """

    name: str
    address: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    ready: Callable[[], bool]
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)
    _guard: subprocess.Popen[bytes] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._guard = _guard(self.folder)

    @property
    def log_path(self) -> Path:
        """Its standard output and error, of all starts."""
        return self.folder / "service.log"

    @property
    def pid(self) -> int:
        """The process id of its first process, which is also the id of its process group."""
        if self._process is None:
            raise ServiceFailed(f"{self.name} is not running")
        return self._process.pid

    def start(self) -> None:
        """Starts it and waits until it answers.

        Raises:
            ServiceFailed: When it does not; it is killed then.
        """
        if self._process is not None and self._process.poll() is None:
            raise ServiceFailed(f"{self.name} is already running")
        self.kill()
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                ["sh", "-c", _START, str(self.folder), *self.command],
                env={**os.environ, **self.environment}, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        try:
            eventually(self._is_ready, timeout_s=_READY_S, what=f"{self.name} answers")
        except (AssertionError, ServiceFailed) as error:
            said = self._said()
            self.kill()
            raise ServiceFailed(f"{error}\n{said}") from error

    def stop(self) -> None:
        """Stops it in order; no effect when it is not running.

        Raises:
            ServiceFailed: When it did not end by itself; it is killed then.
        """
        try:
            self._end(signal.SIGTERM, within_s=_STOP_S)
        except AssertionError as error:
            self.kill()
            raise ServiceFailed(f"{error}\n{self._said()}") from error

    def kill(self) -> None:
        """Kills its whole process group at once; no effect when it is not running."""
        self._end(signal.SIGKILL, within_s=_KILL_S)

    def pause(self) -> None:
        """Makes it hang without being dead: its connections stay, nothing is answered."""
        os.killpg(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Undoes `pause`."""
        os.killpg(self.pid, signal.SIGCONT)

    def remove(self) -> None:
        """Kills it and deletes its folder."""
        self.kill()
        self._guard.communicate()

    def _is_ready(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise ServiceFailed(f"{self.name} ended with status {self._process.returncode}")
        return self.ready()

    def _end(self, number: signal.Signals, *, within_s: float) -> None:
        if self._process is None:
            return
        group, process = self._process.pid, self._process
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, number)
            os.killpg(group, signal.SIGCONT)
        eventually(
            lambda: process.poll() is not None and not any(living_members(group)),
            timeout_s=within_s, what=f"{self.name} ends after {number.name}",
        )  # fmt: skip
        (self.folder / "group").unlink(missing_ok=True)
        self._process = None

    def _said(self) -> str:
        return telling(self.log_path.read_text(errors="replace"))


def telling(log: str) -> str:
    """The last lines of a log, and before them the last that name an error.

    A service that fails may say so long before the last word of its orderly end.
    """
    lines = [line[:_LINE_CHARACTERS] for line in log.splitlines()]
    earlier = [line for line in lines[:-_LAST_LINES] if _TELLING.search(line)]
    return "\n".join([*earlier[-_TELLING_LINES:], *lines[-_LAST_LINES:]])


def living_members(group: int) -> Iterator[int]:
    """The process ids of this group that are more than zombies."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                yield process.pid


def _guard(folder: Path) -> subprocess.Popen[bytes]:
    """A process that, once this one lets go of it or ends, kills the service and its folder."""
    return subprocess.Popen(
        ["sh", "-c", _GUARD, "guard", str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
