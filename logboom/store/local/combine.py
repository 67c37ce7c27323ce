"""How are tantivy's queries put together?"""

from __future__ import annotations

from tantivy import FieldType, Occur, Query

from logboom.errors import QueryError
from logboom.store.local.schema import SCHEMA, TIME


def nothing() -> Query:
    """Matches no document."""
    return Query.empty_query()


def all_of(*queries: Query | None) -> Query:
    """Documents that every one of the queries matches; None matches everything."""
    given = [query for query in queries if query is not None]
    if not given:
        return Query.all_query()
    if len(given) == 1:
        return given[0]
    return Query.boolean_query([(Occur.Must, query) for query in given])


def any_of(*queries: Query) -> Query:
    """Documents that at least one of the queries matches."""
    if not queries:
        return nothing()
    if len(queries) == 1:
        return queries[0]
    return Query.boolean_query([(Occur.Should, query) for query in queries])


def none_of(query: Query) -> Query:
    """Documents that the query does not match."""
    return Query.boolean_query([(Occur.Must, Query.all_query()), (Occur.MustNot, query)])


def between(start_us: int | None, end_us: int | None) -> Query | None:
    """Event times from one (included) to another (excluded); None when both ends are open."""
    if start_us is None and end_us is None:
        return None
    if start_us is not None and end_us is not None and start_us >= end_us:
        return nothing()
    return Query.range_query(
        SCHEMA,
        TIME,
        FieldType.Integer,
        start_us,
        None if end_us is None else end_us - 1,
    )


def regex(name: str, pattern: str) -> Query:
    """Documents with a term that a regular expression matches from end to end.

    Raises:
        QueryError: The expression is not well-formed, or would cost too much.
    """
    try:
        return Query.regex_query(SCHEMA, name, pattern)
    except ValueError as error:
        if "size limit" in str(error):
            raise QueryError(
                "a pattern has more ways to match than the embedded store follows",
                suggestion="write smaller numbers in {n,m}, fewer . and [^…] before what must follow, "
                "or several patterns with OR",
            ) from error
        raise QueryError(f"the pattern cannot be used: {error}") from error
