"""Which protobuf messages does Loki speak, and which one carries an OTLP error?

Sources: Loki's push API (`logproto.PushRequest`) and google.rpc's `Status`. Both are small, and built
here from their field numbers; OTLP's own come with opentelemetry-proto.
"""

from __future__ import annotations

from typing import Any, Final

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

_STRING: Final = FieldDescriptorProto.TYPE_STRING
_INT32: Final = FieldDescriptorProto.TYPE_INT32
_INT64: Final = FieldDescriptorProto.TYPE_INT64
_PACKAGE = "logboom"


class Messages:
    """The classes of the messages.

    Attributes:
        push: Loki's `PushRequest`.
        status: google.rpc's `Status`, without its details.
    """

    def __init__(self) -> None:
        file = FileDescriptorProto(name="logboom/http.proto", package=_PACKAGE, syntax="proto3")
        _add(file, "Timestamp", [("seconds", 1, _INT64), ("nanos", 2, _INT32)])
        _add(file, "Label", [("name", 1, _STRING), ("value", 2, _STRING)])
        _add(file, "Entry", [("timestamp", 1, "Timestamp"), ("line", 2, _STRING),
                             ("metadata", 3, "Label*")])  # fmt: skip
        _add(file, "Stream", [("labels", 1, _STRING), ("entries", 2, "Entry*")])
        _add(file, "PushRequest", [("streams", 1, "Stream*")])
        _add(file, "Status", [("code", 1, _INT32), ("message", 2, _STRING)])
        pool = DescriptorPool()
        pool.Add(file)
        self.push: Any = GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.PushRequest"))
        self.status: Any = GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Status"))


def _add(file: FileDescriptorProto, name: str, fields: list[tuple[str, int, Any]]) -> None:
    """Adds a message; a field's type is a number of protobuf's, or a message's name (`*`: many)."""
    message: DescriptorProto = file.message_type.add(name=name)
    for field, number, kind in fields:
        added = message.field.add(name=field, number=number)
        added.label = FieldDescriptorProto.LABEL_OPTIONAL
        if isinstance(kind, str):
            added.type = FieldDescriptorProto.TYPE_MESSAGE
            added.type_name = f".{_PACKAGE}.{kind.rstrip('*')}"
            if kind.endswith("*"):
                added.label = FieldDescriptorProto.LABEL_REPEATED
        else:
            added.type = kind
