"""How is each field of an event kept in a day's index?

The index is given the event's own JSON: each of its objects (`log`, `service`, `attributes`, …) is a
JSON field of tantivy's, whose values are indexed under their dotted names by their own types. So no
type can conflict, and hardly anything is done per value on our side. A few fields stand apart: texts
(split into words), what is only compared or counted, and ids that are nearly all distinct
(`tokens.py`).
The documents themselves are beside the index (`documents.py`): nothing is stored in it.
"""

from __future__ import annotations

from typing import Final

import tantivy

from logboom.fields import ATTRIBUTES, EVENT_FIELDS
from logboom.query.analysis import WORD_PATTERN

TIME = "_time"  # the event time in µs
NUMBER = "_number"  # of the document in the day's documents
OFFSET = "_offset"  # log.offset
CREATED = "_created"  # event.created in µs
INGESTED = "_ingested"  # event.ingested in µs
ADDRESS = "_ip"  # client.ip
FOREIGN_ID = "_id"  # an event id that does not follow from log.source and log.offset
STRAY = "_stray"  # "t" when the event time lies outside of the index's day
PRESENT = "_present"  # names of fields that have a value and no column
REST = "_rest"  # attributes beyond the bound, without columns
MESSAGE = "message"
TAGS = "tags"

ID = "event.id"
SOURCE = "log.source"

APART: Final = {
    "error.message": "_error_message",
    "error.stack_trace": "_error_stack_trace",
    "event.original": "_event_original",
}
"""Fields that are taken out of their object, and the index's own names for them."""

TOKENS: Final = {"trace.id": "_trace", "span.id": "_span", "transaction.id": "_transaction"}
"""Fields whose values are found by numbers (`tokens.py`), and the index's own names for them."""

OBJECTS: Final = (
    *sorted(
        {name.partition(".")[0] for name in EVENT_FIELDS if "." in name}
        - {name.partition(".")[0] for name in TOKENS}
    ),
    ATTRIBUTES,
)
"""An event's objects that are indexed as they are."""

NO_MESSAGE = "-message"
"""In PRESENT, so that the one text that is hardly ever missing need not be noted each time."""

_WORDS = "words"


def build_schema() -> tantivy.Schema:
    """The schema of every day index."""
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field(TIME, fast=True)
    builder.add_unsigned_field(NUMBER, fast=True)
    for name in (OFFSET, CREATED, INGESTED):
        builder.add_integer_field(name, fast=True)
    for name in TOKENS.values():
        builder.add_unsigned_field(name, indexed=True)
    builder.add_ip_addr_field(ADDRESS, fast=True)
    for name in (FOREIGN_ID, STRAY, PRESENT, APART["event.original"]):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    builder.add_text_field(TAGS, tokenizer_name="raw", index_option="basic", fast=True)
    for name in (MESSAGE, APART["error.message"], APART["error.stack_trace"]):
        builder.add_text_field(name, tokenizer_name=_WORDS, index_option="position")
    for name in (*OBJECTS, REST):
        builder.add_json_field(
            name,
            tokenizer_name="raw",
            index_option="basic",
            fast=name != REST,
            expand_dots_enabled=True,
        )
    return builder.build()


def teach_words(index: tantivy.Index) -> tantivy.Index:
    """Teaches an opened index what a word is (`logboom.query.analysis`); needed to write to it.

    Returns:
        The same index.
    """
    analyser = (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.regex(WORD_PATTERN))
        .filter(tantivy.Filter.lowercase())
        .build()
    )
    index.register_tokenizer(_WORDS, analyser)
    return index


SCHEMA: Final = build_schema()
"""The same for every day; immutable."""
