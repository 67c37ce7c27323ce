"""Which settings say how long days are kept, and what becomes of them then?"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from pydantic import Field, field_validator, model_validator

from logboom.config.section import Section
from logboom.config.units import Duration


class RetentionSection(Section):
    """How long days are kept, and what becomes of them then. `retention: 90d` names `keep` alone."""

    keep: Duration = Field(
        timedelta(days=90),
        ge=timedelta(hours=1),
        description="Days that ended longer ago leave the store; events older than this at reading"
        " go to the day of reading.",
    )
    archive_to: Path | None = Field(
        None,
        description="Folder for the archives of days that leave the store; null: none are made.",
    )
    archive_keep: Duration | None = Field(
        None,
        ge=timedelta(hours=1),
        description="Archives of days that ended longer ago are deleted; null: never.",
    )
    grace: Duration = Field(
        timedelta(days=30),
        ge=timedelta(0),
        description="What was deleted can be restored for so long; 0s: it is gone at once.",
    )

    @field_validator("archive_to")
    @classmethod
    def _home_is_expanded(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser().absolute()

    @model_validator(mode="after")
    def _archives_outlive_days(self) -> RetentionSection:
        if self.archive_keep is not None and self.archive_keep < self.keep:
            raise ValueError("archive_keep must not be shorter than keep: both count from the day")
        return self
