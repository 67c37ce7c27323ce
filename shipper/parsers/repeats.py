"""What becomes of a name that one text gives several values?

JSON's own repeated names are told of by a tag (`shipper.parsers.repeated_names`).
"""

from __future__ import annotations

from typing import Any


def add_numbered(fields: dict[str, Any], name: str, value: object, counts: dict[str, int]) -> None:
    """Adds a value; under a name with a number where there is one of that name: `name_2`, `name_3`.

    Args:
        counts: The last number of each repeated name: empty before the first value of a text.
    """
    free, number = name, 1
    if name in fields:
        number = counts.get(name, 1)
        while free in fields:
            number += 1
            free = f"{name}_{number}"
        counts[name] = number
    fields[free] = value


def add_together(fields: dict[str, Any], name: str, value: object) -> None:
    """Adds a value; several of one name are a list. For protocols in which a name may have several."""
    if name not in fields:
        fields[name] = value
    elif isinstance(known := fields[name], list):
        known.append(value)
    else:
        fields[name] = [known, value]
