"""Which settings say how many searches there may be at once, how long they may take, and what is kept?"""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from logboom.config.section import Section
from logboom.config.units import Duration, Size


class SearchesSection(Section):
    """Searches, counts, histograms and facets that the API is asked for."""

    timeout: Duration = Field(
        timedelta(seconds=10),
        ge=timedelta(milliseconds=100),
        le=timedelta(minutes=10),
        description="After so long a search answers with what it has found, and says so.",
    )
    concurrent: int = Field(
        64,
        ge=1,
        le=10_000,
        description="Searches at once; further ones are told to come later (429). Nobody takes all of"
        " them: one key or name has at most three times as many as are free.",
    )
    exports: int = Field(8, ge=1, le=1_000, description="Exports at once, likewise.")
    slow: Duration = Field(
        timedelta(milliseconds=500),
        description="A search that takes longer is logged, with its query and its plan.",
    )
    cache: Size = Field(
        64 * 2**20, ge=0, description="Answers over past times that are kept; `0`: none."
    )
    cache_ttl: Duration = Field(
        timedelta(minutes=10), description="A kept answer is forgotten after so long."
    )
