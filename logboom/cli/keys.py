"""`logboom keys`: make, list and revoke API keys, also before there is any."""

from __future__ import annotations

import asyncio
import getpass
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from enum import Enum
from typing import Annotated, TypeVar

import typer

from logboom.cli.options import ConfigOption, DataOption, JsonOption
from logboom.cli.service import make_folder
from logboom.cli.settings import settings_of
from logboom.clock import SystemClock, utc_text
from logboom.config import Config, LocalStoreSection
from logboom.config.units import parse_duration
from logboom.errors import LogboomError, UsageError
from logboom.keys import KeyBook, Listed, Scope
from logboom.state import open_state

_Result = TypeVar("_Result")
_LONGEST_LIFE_S = 100 * 365 * 86_400
_HEADER = ("name", "scopes", "services", "created", "expires", "last used")


class ScopeChoice(Enum):
    """What a key is for."""

    READ = "read"
    INGEST = "ingest"
    ALERTS = "alerts"
    ADMIN = "admin"


def register(app: typer.Typer) -> None:
    """Adds the commands to the command line."""
    group = typer.Typer(
        name="keys", help="API keys: make, list, revoke.", no_args_is_help=True,
        rich_markup_mode=None,
    )  # fmt: skip
    group.command("create")(create)
    group.command("list")(list_keys)
    group.command("revoke")(revoke)
    app.add_typer(group)


def create(
    name: Annotated[str, typer.Argument(help="What the key is called.", show_default=False)],
    scope: Annotated[
        list[ScopeChoice] | None,
        typer.Option(help="What it is for; may be given again; default: read.", show_default=False),
    ] = None,
    service: Annotated[
        list[str] | None,
        typer.Option(
            help="Only events of this service are seen, * for any part of a name; may be given"
            " again.",
            show_default=False,
        ),
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option(help="For how long: 90d, 1y, …; default: for ever.", show_default=False),
    ] = None,
    requests_per_s: Annotated[
        float | None, typer.Option(help="A rate limit of its own.", min=0.001, show_default=False)
    ] = None,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Makes a key, and prints its secret, which is kept nowhere.

    Works on the state itself: it needs no key, and no API that runs.

    Example: logboom keys create grafana --scope read --service 'shop-*' --expires 90d
    """
    lives_ns = None if expires is None else _life_ns(expires)
    scopes = frozenset(Scope(one.value) for one in scope or [ScopeChoice.READ])
    key, secret = _with_book(
        settings_of(config, data, "logboom keys"),
        lambda book: book.create(
            name, scopes, service, by=f"{getpass.getuser()} on the command line",
            lives_ns=lives_ns, requests_per_s=requests_per_s,
        ),
    )  # fmt: skip
    sys.stderr.write(f"the key {key.name}, which is shown this once:\n")
    sys.stderr.flush()
    sys.stdout.write(f"{secret}\n")
    sys.stdout.flush()
    if Scope.INGEST in key.scopes:
        sys.stderr.write(f"for `api_keys` of an input: sha256:{key.digest}\n")


def list_keys(
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Lists the keys, also those that have expired.

    Example: logboom keys list -c logboom.yaml
    """
    listed = _with_book(settings_of(config, data, "logboom keys"), lambda book: book.listed())
    if as_json:
        sys.stdout.writelines(json.dumps(_told(one)) + "\n" for one in listed)
        return
    rows = [_HEADER, *map(_row, listed)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write("  ".join(cells).rstrip() + "\n")


def revoke(
    name: Annotated[str, typer.Argument(help="Of the key.", show_default=False)],
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Takes a key back: within seconds it is worth nothing, and its sessions end.

    Example: logboom keys revoke grafana -c logboom.yaml
    """
    if not _with_book(settings_of(config, data, "logboom keys"), lambda book: book.revoke(name)):
        raise LogboomError(f"there is no key named {name[:80]!r}", mend="see `logboom keys list`")
    sys.stderr.write(f"the key {name} is revoked\n")


def _with_book(config: Config, work: Callable[[KeyBook], Awaitable[_Result]]) -> _Result:
    async def do() -> _Result:
        clock = SystemClock()
        state = open_state(config, clock)
        try:
            return await work(KeyBook(state, clock))
        finally:
            await state.close()

    if isinstance(config.store, LocalStoreSection):
        make_folder(config.data)
    return asyncio.run(do())


def _life_ns(text: str) -> int:
    try:
        seconds = parse_duration(text).total_seconds()
    except (ValueError, OverflowError) as error:
        raise UsageError(f"--expires: {error}") from error
    if seconds > _LONGEST_LIFE_S:
        raise UsageError("--expires: more than 100 years", mend="leave it out")
    return int(seconds * 1e9)


def _told(one: Listed) -> dict[str, object]:
    key = one.key
    return {
        "name": key.name,
        "scopes": sorted(scope.value for scope in key.scopes),
        "services": list(key.services),
        "created": utc_text(key.created_ns),
        "created_by": key.created_by,
        "expires": None if key.expires_ns is None else utc_text(key.expires_ns),
        "last_used": None if one.used_ns is None else utc_text(one.used_ns),
        "requests_per_s": key.requests_per_s,
        "sha256": key.digest,
    }


def _row(one: Listed) -> Sequence[str]:
    key = one.key
    return (
        key.name,
        ",".join(sorted(scope.value for scope in key.scopes)),
        ",".join(key.services) or "all",
        utc_text(key.created_ns)[:10],
        "never" if key.expires_ns is None else utc_text(key.expires_ns)[:16].replace("T", " "),
        "never" if one.used_ns is None else utc_text(one.used_ns)[:16].replace("T", " "),
    )
