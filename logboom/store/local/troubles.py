"""What is wrong with single days of the embedded store, in words for people?"""

from __future__ import annotations

from collections.abc import Sequence

from logboom.store.local.days import View
from logboom.store.local.folders import StoreFolder, is_refused
from logboom.store.local.lagging import Lagging


def troubles_of(view: View, folder: StoreFolder, lagging: Lagging) -> Sequence[str]:
    """Looks at all days.

    Args:
        view: Those that can be read.
        folder: Of all of them, also of those that are set aside.
        lagging: Knows of which days searches do not see all.

    Returns:
        A sentence each.
    """
    refused = [one for one in folder.days() if is_refused(one)]
    open_yet = [one for one in refused if one.day not in view.unreadable]
    aside = f"is damaged and set aside in {folder.path / 'damaged'}"
    return [
        *view.warnings,
        *(f"the events of {one.day} may not be read: {one.path}" for one in open_yet),
        *(f"{one.name} {aside}" for one in folder.damaged()),
        *(trouble for day in view.days for trouble in day.documents.troubles()),
        *lagging.troubles(view.days),
    ]
