"""How do worker processes begin and end?"""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from logboom.config import Config
from shipper.workers.frames import Begin, Channel

log = logging.getLogger("logboom.shipper")

_STOP_S = 10.0


class Crew:
    """The worker processes of a shipper. They end with it, however it ends.

    Args:
        config: Handed to them through their sockets: secrets are on no command line.
        producer: Name under which the shipper's batches are numbered.
        log_path: The file of their own log; None is standard error.
    """

    def __init__(self, config: Config, *, producer: str, log_path: Path | None) -> None:
        self._config = config
        self._producer = producer
        self._log_path = log_path
        self._processes: list[asyncio.subprocess.Process] = []
        self._channels: list[Channel] = []

    async def begin(self) -> Sequence[Channel]:
        """Starts them, and gives the way to each."""
        for number in range(1, self._config.shipper.workers + 1):
            ours, theirs = socket.socketpair()
            channel = await Channel.over(ours)
            self._channels.append(channel)
            with theirs:
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-P", "-m", "shipper.workers", str(theirs.fileno()),
                    stdin=asyncio.subprocess.DEVNULL, pass_fds=(theirs.fileno(),),
                    start_new_session=True,  # Ctrl-C reaches the shipper alone
                )  # fmt: skip
            self._processes.append(process)
            channel.send(Begin(number, self._config, self._producer, self._log_path))
            log.info("started worker %d as process %d", number, process.pid)
        return self._channels

    async def end(self, *, at_once: bool) -> None:
        """Lets them end, and waits until they have.

        Args:
            at_once: They are killed: what they have is made again.
        """
        for channel in self._channels:
            channel.close()
        for process in self._processes:
            if process.returncode is not None:
                log.error(
                    "worker process %d has ended with status %d", process.pid, process.returncode
                )
            elif at_once:
                process.kill()
        for process in self._processes:
            try:
                async with asyncio.timeout(_STOP_S):
                    await process.wait()
            except TimeoutError:
                log.warning("worker process %d did not stop and is killed", process.pid)
                process.kill()
                await process.wait()
        self._channels, self._processes = [], []
