"""Does a request bring a key that is known?"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence

from logboom.keys import digest_of, offered

_DIGEST = "sha256:"


class Keys:
    """The keys that may write; only their digests are held.

    Args:
        keys: As configured: keys, or `sha256:` and the digest of one; when there are none,
            everybody may write.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._digests = [_digest(key) for key in keys]

    def admit(self, headers: Mapping[str, str]) -> bool:
        """Whether a request may write.

        Args:
            headers: By lower-case names; `offered` says where a key may stand.
        """
        if not self._digests:
            return True
        brought = [digest_of(key) for key in offered(headers)]
        # every pair is compared, so that the time tells nothing
        matches = [hmac.compare_digest(known, one) for one in brought for known in self._digests]
        return any(matches)


def _digest(entry: str) -> str:
    return entry.removeprefix(_DIGEST) if entry.startswith(_DIGEST) else digest_of(entry)
