"""How does logboom write its own log? As JSON with ECS names, one line an event."""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from logboom.clock import utc_text

_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
}
_NAMES = {"WARNING": "warn", "CRITICAL": "fatal"}
_QUIET = ("aiokafka", "uvicorn", "asyncio", "httpx")


class _EcsFormatter(JsonFormatter):
    """python-json-logger with ECS's field names."""

    def __init__(self, service: str) -> None:
        super().__init__("%(message)s")
        self._service = service

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        """One event: time, level, logger, message, and the exception if there is one."""
        super().add_fields(log_data, record, message_dict)
        log_data.pop("exc_info", None)
        log_data["@timestamp"] = utc_text(round(record.created * 1000) * 1_000_000)
        log_data["log.level"] = _NAMES.get(record.levelname, record.levelname.lower())
        log_data["log.logger"] = record.name
        log_data["service.name"] = f"logboom-{self._service}"
        log_data["process.pid"] = record.process
        if record.exc_info and record.exc_info[0] is not None:
            kind, error, _ = record.exc_info
            log_data["error.type"] = kind.__name__
            log_data["error.message"] = str(error)
            log_data["error.stack_trace"] = "".join(traceback.format_exception(error))


class LogFile(logging.handlers.WatchedFileHandler):
    """A log file that, when it cannot be written, says so once, and is tried again each time."""

    _failed = False
    _told = False

    def emit(self, record: logging.LogRecord) -> None:
        """Writes an event."""
        self._told, self._failed = self._failed, False
        super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Called by logging; a full disk is no reason for a traceback.

        What could not be written is given up: else it would fail again with every event.
        """
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
            return
        self._failed = True
        if not self._told:
            sys.stderr.write(f"logboom: its own log cannot be written: {error}\n")
        stream, self.stream = self.stream, None  # it is opened again
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()


def configure_logging(service: str, level: str, path: Path | None) -> None:
    """Sets up the log of this process.

    Args:
        service: Which service this is; `service.name` becomes ``logboom-<service>``.
        level: From which level on: debug, info, warn or error.
        path: A file to append to, opened anew when it was rotated away; None is standard error.
    """
    handler: logging.Handler
    if path is None:
        handler = logging.StreamHandler()
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = LogFile(os.fspath(path), encoding="utf-8")
    handler.setFormatter(_EcsFormatter(service))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(_LEVELS[level])
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(_LEVELS[level], logging.WARNING))
    quieten_clients()
    logging.captureWarnings(True)


def quieten_clients() -> None:
    """What a client library tells of each of its tries, we tell once and in our own words."""
    for name in ("aiokafka", "apprise"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
