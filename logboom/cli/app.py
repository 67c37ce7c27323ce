"""Which commands are there, and what becomes of their errors?"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from types import MappingProxyType
from typing import Annotated

import typer

from logboom import __version__
from logboom.cli.streams import open_streams
from logboom.errors import ConfigError, LogboomError, UsageError
from logboom.last_words import leave_words
from logboom.logs import quieten_clients

_EXIT_WRONG = 1
_EXIT_USAGE = 2

PARTS: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "service": ("up", "ship", "process", "api"),
        "search": ("search",),
        "export": ("export",),
        "tail": ("tail",),
        "errors": ("errors",),
        "alerts": ("alerts",),
        "doctor": ("doctor",),
        "grok": ("grok",),
        "why": ("why",),
        "importing": ("import",),
        "dead": ("dead",),
        "days": ("days",),
        "backup": ("backup", "restore"),
        "trying": ("parse", "check"),
        "forecast": ("forecast",),
        "keys": ("keys",),
        "bench": ("bench",),
    }
)
"""The commands of each module of this package, in the order of the help."""


def make_app(words: Sequence[str] = ()) -> typer.Typer:
    """The command line as an object.

    Args:
        words: Of the command line. When the first is a command, only the module that has it is
            loaded: that halves the start of a service.
    """
    app = typer.Typer(
        name="logboom",
        help="Log ingestion and search: no line lost, none counted twice.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )

    @app.callback()
    def about(
        version: Annotated[
            bool,
            typer.Option(
                "--version", callback=_print_version, is_eager=True, help="Print the version."
            ),
        ] = False,
    ) -> None:
        pass

    wanted = [part for part, commands in PARTS.items() if set(words[:1]) & set(commands)]
    for part in wanted or PARTS:
        import_module(f"logboom.cli.{part}").register(app)
    return app


def main() -> None:
    """Runs the command line. Exit status: 0 fine, 1 what was asked about is wrong, 2 used wrongly."""
    open_streams()
    quieten_clients()
    try:
        make_app(sys.argv[1:])()
    except (UsageError, ConfigError) as error:
        _fail(error, _EXIT_USAGE)
    except LogboomError as error:
        _fail(error, _EXIT_WRONG)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        where = "" if error.filename is None else f" (at {error.filename})"
        sys.stderr.write(f"logboom: {error.strerror or error}{where}\n")
        leave_words(f"{error.strerror or error}{where}")
        sys.exit(_EXIT_WRONG)
    except KeyboardInterrupt:
        sys.exit(130)


def _fail(error: LogboomError, status: int) -> None:
    sys.stderr.write(f"logboom: {error}\n")
    leave_words(error.sentence())
    sys.exit(status)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"logboom {__version__}")
        raise typer.Exit
