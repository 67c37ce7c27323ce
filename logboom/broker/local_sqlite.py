"""In which words are the troubles of the embedded broker's files told?"""

from __future__ import annotations

from pathlib import Path

from logboom import shared_database
from logboom.errors import BrokerRefused, BrokerUnavailable, LogboomError
from logboom.shared_database import Terms

TERMS = Terms(
    owner="the embedded broker",
    content="what waited in it",
    outdated="let the logboom that wrote it process what waits, then delete it",
    unavailable=BrokerUnavailable,
    refused=BrokerRefused,
)


def for_os_error(error: OSError, path: Path) -> LogboomError:
    """What to raise for a failure of the file system."""
    return shared_database.for_os_error(error, path, BrokerRefused)
