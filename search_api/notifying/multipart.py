"""How are files sent in a form?

Source: RFC 7578.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class File:
    """A file of a form."""

    field: str
    name: str
    kind: str
    content: bytes


def multipart(
    fields: Mapping[str, bytes], files: Sequence[File], *, boundary: str
) -> tuple[bytes, str]:
    """A form with fields and files.

    Args:
        boundary: Must not be in any of the contents: hexadecimal digits of a hash, for instance.

    Returns:
        The body, and its `Content-Type`.
    """
    parts = [(f'form-data; name="{name}"', "", content) for name, content in fields.items()]
    parts += [
        (
            f'form-data; name="{file.field}"; filename="{file.name}"',
            f"Content-Type: {file.kind}\r\n",
            file.content,
        )
        for file in files
    ]
    body = b"".join(
        f"--{boundary}\r\nContent-Disposition: {what}\r\n{kind}\r\n".encode() + content + b"\r\n"
        for what, kind, content in parts
    )
    return body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"
