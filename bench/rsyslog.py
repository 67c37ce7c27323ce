"""An rsyslog of its own, from Debian's packages, that sends one file to a Kafka topic.

It reads no file and no socket but what its configuration here names, and writes only to its folder.
The parameters: https://www.rsyslog.com/doc/ (imfile, omkafka).
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import psutil

_CONFIGURATION = """
global(workDirectory="{folder}" maxMessageSize="64k")
main_queue(queue.type="FixedArray" queue.size="100000" queue.dequeueBatchSize="4096")
module(load="imfile")
module(load="omkafka")
template(name="line" type="string" string="%msg%")
input(type="imfile" file="{log}" tag="app" ruleset="kafka" needParse="off")
ruleset(name="kafka" queue.type="FixedArray" queue.size="100000" queue.dequeueBatchSize="4096") {{
  action(
    type="omkafka" broker=["{kafka}"] topic="{topic}" template="line" partitions.auto="on"
    confParam=["acks=all", "compression.codec={compression}", "linger.ms=100"]
    resubmitOnFailure="on" keepFailedMessages="on" failedMsgFile="{folder}/failed"
    action.resumeRetryCount="-1"
  )
}}
"""
_STOP_S = 30.0


def start_rsyslog(
    folder: Path, *, log: Path, kafka: str, topic: str, compression: str
) -> psutil.Popen:
    """Starts it in the foreground, as a child.

    Args:
        folder: Its working folder, which is there and empty.
        log: The file to send, a line a message.
        kafka: HOST:PORT.
        topic: Which is there already.
        compression: Of the batches, as Kafka calls it.

    Raises:
        RuntimeError: It is not installed.
    """
    program = shutil.which("rsyslogd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if program is None:
        raise RuntimeError("rsyslogd is missing: scripts/install-debian-packages installs it")
    configuration = folder / "rsyslog.conf"
    configuration.write_text(
        _CONFIGURATION.format(
            folder=folder, log=log, kafka=kafka, topic=topic, compression=compression
        )
    )
    with (folder / "said").open("wb") as said:
        return psutil.Popen(
            [program, "-n", "-f", str(configuration), "-i", str(folder / "pid")],
            stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True,
        )  # fmt: skip
