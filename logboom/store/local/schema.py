"""How is each field of an event kept in a day's index?

The documents themselves are beside the index (`documents.py`): nothing is stored in it.
"""

from __future__ import annotations

import tantivy

from logboom.fields import ATTRIBUTES, EVENT_FIELDS, FieldType

VERSION = 1
"""Grows with every change here or in `entry.py`; an index of another version is built anew."""

TIME = "@timestamp"
NUMBER = "_number"  # of the document in the day's documents
FOREIGN_ID = "_id"  # event ids that do not follow from log.source and log.offset
STRAY = "_stray"  # "t" when the event time lies outside of the index's day
PRESENT = "_present"  # names of fields that have a value and no fast column
ABSENT = "-message"  # in PRESENT: that there is no message, the one text that is hardly ever missing
REST = "_rest"  # values of an unexpected type, and attributes beyond the bound; by full path

ID = "event.id"
SOURCE = "log.source"
OFFSET = "log.offset"

NOT_FAST = frozenset(
    {
        "trace.id",
        "span.id",
        "transaction.id",
        "event.original",
        "url.original",
        "url.query",
        "http.request.referrer",
    }
)
"""Keyword fields with too many distinct values for a fast column to be worth its bytes."""

NOTED = (*sorted(NOT_FAST), "error.message", "error.stack_trace")
"""Fields whose being there is noted in PRESENT."""

INDEXED_NUMBERS = frozenset({"http.response.status_code"})
"""Numbers that are looked for as such so often that they are terms besides being fast."""

_WORDS = "words"


def build_schema() -> tantivy.Schema:
    """The schema of every day index."""
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field(TIME, fast=True)
    builder.add_unsigned_field(NUMBER, fast=True)
    for name in (FOREIGN_ID, STRAY, PRESENT):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    builder.add_json_field(
        ATTRIBUTES, tokenizer_name="raw", index_option="basic", fast=True, expand_dots_enabled=True
    )
    builder.add_json_field(
        REST, tokenizer_name="raw", index_option="basic", expand_dots_enabled=True
    )
    for name, kind in EVENT_FIELDS.items():
        if name not in {TIME, ID}:
            _add_field(builder, name, kind)
    return builder.build()


def _add_field(builder: tantivy.SchemaBuilder, name: str, kind: FieldType) -> None:
    match kind:
        case FieldType.TEXT:
            builder.add_text_field(name, tokenizer_name=_WORDS, index_option="position")
        case FieldType.KEYWORD:
            builder.add_text_field(
                name, tokenizer_name="raw", index_option="basic", fast=name not in NOT_FAST
            )
        case FieldType.LONG:
            builder.add_integer_field(name, indexed=name in INDEXED_NUMBERS, fast=True)
        case FieldType.DATE:
            builder.add_integer_field(name, fast=True)
        case FieldType.DOUBLE:
            builder.add_float_field(name, fast=True)
        case FieldType.IP:
            builder.add_ip_addr_field(name, fast=True)
        case FieldType.DYNAMIC:
            raise ValueError(f"{name}: only attributes are dynamic")


def teach_words(index: tantivy.Index) -> tantivy.Index:
    """Teaches an opened index what a word is; needed before writing to it.

    Returns:
        The same index.
    """
    analyser = (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(tantivy.Filter.lowercase())
        .build()
    )
    index.register_tokenizer(_WORDS, analyser)
    return index


SCHEMA = build_schema()
"""The same for every day; immutable."""
