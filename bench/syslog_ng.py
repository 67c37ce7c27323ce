"""A syslog-ng of its own, from Debian's packages, that sends one file to a Kafka topic.

It reads no file and no socket but what its configuration here names, and writes only to its folder.
It runs from where scripts/unpack-syslog-ng puts it, since Debian installs either it or rsyslog. What
librdkafka has taken counts as sent (`sync-send` waits for each message by itself). The parameters:
https://syslog-ng.github.io/admin-guide/ (file source, kafka-c destination).
"""

from __future__ import annotations

import psutil

from bench.sending import Sending, start_in
from tests.services.downloads import cache_folder

_CONFIGURATION = """
@version: 3.38
options {{ threaded(yes); stats-freq(0); log-msg-size(65536); }};
source entries {{
  file(
    "{log}" flags(no-parse) follow-freq(0.1) log-fetch-limit(4096) log-iw-size(100000)
    {form}
  );
}};
destination kafka {{
  kafka-c(
    bootstrap-servers("{kafka}") topic("{topic}") message("{message}") log-fifo-size(100000)
    flush-timeout-on-shutdown(5000)
    config("acks"("all") "compression.codec"("{compression}") "linger.ms"("100"))
  );
}};
log {{ source(entries); destination(kafka); flags(flow-control); }};
"""
_JOINING = """multi-line-mode(regexp) multi-line-prefix("^[0-9]{4}-[0-9]{2}-[0-9]{2}")
    multi-line-timeout(2)"""


def start_syslog_ng(sending: Sending) -> psutil.Popen:
    """Starts it in the foreground, as a child.

    Raises:
        RuntimeError: It is not unpacked.
    """
    home = cache_folder() / "syslog-ng"
    program = home / "usr/sbin/syslog-ng"
    if not program.exists():
        raise RuntimeError("syslog-ng is missing: scripts/unpack-syslog-ng unpacks it")
    folder = sending.folder
    configuration = folder / "syslog-ng.conf"
    configuration.write_text(
        _CONFIGURATION.format(
            log=sending.log, kafka=sending.kafka, topic=sending.topic,
            compression=sending.compression,
            form=_JOINING if sending.joins_lines else "",
            message="$(format-json message=$MSG)" if sending.joins_lines else "$MSG",
        )
    )  # fmt: skip
    (modules,) = (home / "usr/lib/syslog-ng").glob("[0-9]*")
    libraries = [modules.parent, *home.glob("lib/*-linux-gnu"), *home.glob("usr/lib/*-linux-gnu")]
    files = [f"--{what}={folder / what}" for what in ("persist-file", "control", "pidfile")]
    return start_in(
        folder,
        [program, "-F", "--no-caps", f"--module-path={modules}", "-f", configuration, *files],
        {"LD_LIBRARY_PATH": ":".join(map(str, libraries))},
    )
