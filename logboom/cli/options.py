"""Which options mean the same in several commands?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ConfigOption = Annotated[
    Path | None, typer.Option("-c", "--config", help="Configuration file.", show_default=False)
]
DataOption = Annotated[
    Path | None, typer.Option(help="Folder of everything logboom keeps.", show_default=False)
]
UrlOption = Annotated[str, typer.Option(help="Where the API is.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object per line.")]
BeginOption = Annotated[str, typer.Option(help="Begin: 1h, now/d, yesterday, …")]
SinceOption = Annotated[
    str | None, typer.Option(help="Begin: 1h, now/d, yesterday, …", show_default=False)
]
UntilOption = Annotated[str | None, typer.Option(help="End, likewise.", show_default=False)]
ZoneOption = Annotated[str, typer.Option(help="Time zone of times that do not say theirs.")]
