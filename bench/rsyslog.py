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
{form}
ruleset(name="kafka" queue.type="FixedArray" queue.size="100000" queue.dequeueBatchSize="4096") {{
  action(
    type="omkafka" broker=["{kafka}"] topic="{topic}" template="line" partitions.auto="on"
    confParam=["acks=all", "compression.codec={compression}", "linger.ms=100"]
    resubmitOnFailure="on" keepFailedMessages="on" failedMsgFile="{folder}/failed"
    action.resumeRetryCount="-1"
  )
}}
"""
_LINES = """
template(name="line" type="string" string="%msg%")
input(type="imfile" file="{log}" tag="app" ruleset="kafka" needParse="off")
"""
_ENTRIES = """
template(name="line" type="string" string="{{\\"message\\":\\"%msg:::json%\\"}}")
input(
  type="imfile" file="{log}" tag="app" ruleset="kafka" needParse="off"
  startmsg.regex="^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}" escapeLF="off" readTimeout="2"
)
"""


def start_rsyslog(
    folder: Path, *, log: Path, kafka: str, topic: str, compression: str, joins_lines: bool
) -> psutil.Popen:
    """Starts it in the foreground, as a child.

    Args:
        folder: Its working folder, which is there and empty.
        log: The file to send.
        kafka: HOST:PORT.
        topic: Which is there already.
        compression: Of the batches, as Kafka calls it.
        joins_lines: An entry begins with a date, and is sent as the message of a JSON object. Else
            each line is sent as it is.

    Raises:
        RuntimeError: It is not installed.
    """
    program = shutil.which("rsyslogd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if program is None:
        raise RuntimeError("rsyslogd is missing: scripts/install-debian-packages installs it")
    configuration = folder / "rsyslog.conf"
    form = (_ENTRIES if joins_lines else _LINES).format(log=log)
    configuration.write_text(
        _CONFIGURATION.format(
            folder=folder, form=form, kafka=kafka, topic=topic, compression=compression
        )
    )
    with (folder / "said").open("wb") as said:
        return psutil.Popen(
            [program, "-n", "-f", str(configuration), "-i", str(folder / "pid")],
            stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True,
        )  # fmt: skip
