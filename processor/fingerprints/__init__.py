"""Which errors are the same error? A fingerprint says so (docs/adr/0013)."""

from processor.fingerprints.fingerprinting import Fingerprinter

__all__ = ["Fingerprinter"]
