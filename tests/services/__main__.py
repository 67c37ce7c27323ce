"""Fetches the services of the tests, so that no test waits for a download."""

import sys

from tests.services.errors import ServiceMissing
from tests.services.sources import fetch

if __name__ == "__main__":
    try:
        fetch()
    except ServiceMissing as error:
        sys.exit(f"the services of the tests cannot be had: {error}")
