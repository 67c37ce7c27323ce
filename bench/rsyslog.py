"""An rsyslog of its own, from Debian's packages, that sends one file to a Kafka topic.

It reads no file and no socket but what its configuration here names, and writes only to its folder.
The parameters: https://www.rsyslog.com/doc/ (imfile, omkafka).
"""

from __future__ import annotations

import shutil

import psutil

from bench.sending import Sending, start_in

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


def start_rsyslog(sending: Sending) -> psutil.Popen:
    """Starts it in the foreground, as a child.

    Raises:
        RuntimeError: It is not installed.
    """
    program = shutil.which("rsyslogd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if program is None:
        raise RuntimeError("rsyslogd is missing: scripts/install-debian-packages installs it")
    folder = sending.folder
    configuration = folder / "rsyslog.conf"
    form = (_ENTRIES if sending.joins_lines else _LINES).format(log=sending.log)
    configuration.write_text(
        _CONFIGURATION.format(
            folder=folder, form=form, kafka=sending.kafka, topic=sending.topic,
            compression=sending.compression,
        )
    )  # fmt: skip
    return start_in(folder, [program, "-n", "-f", configuration, "-i", folder / "pid"])
