"""What does a shipper do to all events alike?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from logboom.config import Config
from logboom.config.rules import RuleSection
from logboom.environment import process_environment
from shipper.events.enrich import facts_of
from shipper.events.faults import Faults
from shipper.redaction.redact import Redactor


@dataclass(frozen=True, slots=True)
class Treatment:
    """The same for all inputs of a shipper.

    Attributes:
        redactor: Takes secrets out.
        rules: Those for all inputs; they come after an input's own.
        facts: Fields that every event gets which does not have them: where the shipper runs.
        faults: Counts faults of logboom's own.
    """

    redactor: Redactor = field(default_factory=Redactor.with_defaults)
    rules: Sequence[RuleSection] = ()
    facts: Mapping[str, object] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)

    @classmethod
    def of(cls, config: Config) -> Treatment:
        """As the configuration says.

        Raises:
            ConfigError: What it says of secrets cannot be.
        """
        return cls(
            redactor=Redactor.of(config.redact),
            rules=config.rules,
            facts=facts_of(config.enrich, process_environment()),
        )
