"""`python -m shipper.workers DESCRIPTOR`: a worker, started by a shipper."""

import sys

from logboom.lifecycle import run_service
from shipper.workers.worker import end_with_parent, work


def main() -> int:
    """Works for the process that started this one."""
    end_with_parent()
    return run_service("ship", work(int(sys.argv[1])))


if __name__ == "__main__":
    sys.exit(main())
