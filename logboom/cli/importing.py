"""`logboom import`: another shipper's configuration as ours."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from logboom.errors import UsageError
from logboom.importing import (
    Translation,
    as_yaml,
    import_alert_rules,
    import_alertmanager,
    import_filebeat,
    import_logstash,
)

_LOGSTASH = re.compile(r"^[ \t]*+(?:input|filter|output)\s*+\{", re.MULTILINE)
_RULES = re.compile(r"^groups:", re.MULTILINE)
_ALERTS = re.compile(r"^(?:route|receivers):", re.MULTILINE)


def register(app: typer.Typer) -> None:
    """Adds the command to the command line."""
    app.command("import")(import_)


def import_(
    file: Annotated[
        Path,
        typer.Argument(help="filebeat.yml, logstash.conf, alert_rules.yml or alertmanager.yml."),
    ],
) -> None:
    """Prints the equivalent configuration; what could not be translated goes to standard error.

    Example: logboom import filebeat.yml > logboom.yaml
    Example: logboom import alert_rules.yml > rules.yaml
    """
    text = _read(file)
    translation = _translated(file, text)
    for note in translation.notes:
        where = f"{file}:{note.line}" if note.line else str(file)
        sys.stderr.write(f"{where}: {note.text}\n")
    sys.stdout.write(as_yaml(translation, origin=file.name))


def _translated(file: Path, text: str) -> Translation:
    is_yaml = file.suffix in {".yml", ".yaml"}
    if is_yaml and (file.stem.startswith("alert_rules") or _RULES.search(text)):
        return import_alert_rules(text, origin=str(file))
    if is_yaml and (file.stem.startswith("alertmanager") or _ALERTS.search(text)):
        return import_alertmanager(text, origin=str(file))
    if not is_yaml and _LOGSTASH.search(text):
        return import_logstash(text, origin=str(file))
    if is_yaml:
        return import_filebeat(text, origin=str(file))
    raise UsageError(
        "is no file of Filebeat, Logstash, Prometheus or Alertmanager",
        where=str(file),
        mend="a YAML file, or one with input { … } and output { … }",
    )


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(file)) from error
    except UnicodeDecodeError as error:
        raise UsageError("is not UTF-8 text", where=str(file)) from error
