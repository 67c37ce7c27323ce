"""Which commands are there, and what becomes of their errors?"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from logboom import __version__
from logboom.cli import (
    alerts,
    backup,
    bench,
    days,
    dead,
    doctor,
    errors,
    export,
    forecast,
    grok,
    importing,
    keys,
    search,
    service,
    tail,
    trying,
    why,
)
from logboom.errors import ConfigError, LogboomError, UsageError
from logboom.logs import quieten_clients

_EXIT_WRONG = 1
_EXIT_USAGE = 2


def make_app() -> typer.Typer:
    """The command line as an object, for tests and for the documentation's check."""
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

    for part in (
        service,
        search,
        export,
        tail,
        errors,
        alerts,
        doctor,
        grok,
        why,
        importing,
        dead,
        days,
        backup,
        trying,
        forecast,
        keys,
        bench,
    ):
        part.register(app)
    return app


def main() -> None:
    """Runs the command line. Exit status: 0 fine, 1 what was asked about is wrong, 2 used wrongly."""
    quieten_clients()
    try:
        make_app()()
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
        sys.exit(_EXIT_WRONG)
    except KeyboardInterrupt:
        sys.exit(130)


def _fail(error: LogboomError, status: int) -> None:
    sys.stderr.write(f"logboom: {error}\n")
    sys.exit(status)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"logboom {__version__}")
        raise typer.Exit
