"""Which settings are there, what do they mean, and what are their defaults?

Every field has a description: `docs/configuration.md` is held to them by a test.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from logboom.config.access import ApiSection
from logboom.config.alerts import AlertsSection
from logboom.config.connections import (
    ElasticsearchSection,
    KafkaSection,
    LocalBrokerSection,
    LocalStoreSection,
)
from logboom.config.inputs import FileInput, HttpInput, StdinInput, SyslogInput
from logboom.config.listening import Listener, clash, listeners_of
from logboom.config.redaction import RedactionSection
from logboom.config.retention import RetentionSection
from logboom.config.rollups import RollupsSection
from logboom.config.rules import RuleSection
from logboom.config.scaling import ScaleSection
from logboom.config.section import Section
from logboom.config.tagging import ErrorsSection
from logboom.config.units import Duration, LoopbackAddress, Size

Fact = Literal["host", "ip", "container", "cloud", "agent"]


class ShipperSection(Section):
    """How the shipper reads and sends."""

    name: str | None = Field(
        None, description="Stable name of this shipper; default: the host's name."
    )
    poll_interval: Duration = Field(
        timedelta(seconds=1),
        ge=timedelta(milliseconds=10),
        le=timedelta(hours=1),
        description="Look for new and changed files at least this often; of more than 200, those that"
        " were silent for long are looked at up to five times less often.",
    )
    batch_events: int = Field(
        4096, ge=1, le=100_000, description="Events per batch to the broker, at most."
    )
    batch_bytes: Size = Field(4 * 2**20, description="Bytes per batch to the broker, about.")
    linger: Duration = Field(
        timedelta(milliseconds=100), description="Wait this long for a batch to fill."
    )
    batches_in_flight: int = Field(
        4, ge=1, le=64, description="Batches that wait for the broker's ack at once."
    )
    max_event_bytes: Size = Field(
        900_000,
        ge=1024,
        description="A longer event is cut here, flagged, and goes on as a new one.",
    )
    flush_after: Duration = Field(
        timedelta(seconds=1),
        description="An event that might go on is sent when its file is silent for so long.",
    )
    workers: int = Field(
        1,
        ge=1,
        le=64,
        description="Processes that make and send events; 1: the shipper does it itself.",
    )
    open_files: int = Field(
        512, ge=4, le=100_000, description="Files held open at once; the others are opened in turn."
    )
    metrics: LoopbackAddress | None = Field(
        "127.0.0.1:7711", description="Where `/metrics`, `/healthz`, `/readyz` are; null: nowhere."
    )


class ProcessorSection(Section):
    """How the processor consumes and writes."""

    group: str = Field("logboom-processor", description="Name of the consumer group.")
    batch_events: int = Field(
        20_000, ge=1, le=1_000_000,
        description="Events per write to the store, at most; fewer when they have more than 64 MiB."
        " Not set, writes to the embedded store have 10,000.",
    )  # fmt: skip
    linger: Duration = Field(
        timedelta(milliseconds=500), description="Wait this long for a write to fill."
    )
    metrics: LoopbackAddress | None = Field(
        "127.0.0.1:7712", description="Where `/metrics`, `/healthz`, `/readyz` are; null: nowhere."
    )
    lease: Duration = Field(
        timedelta(minutes=1), ge=timedelta(seconds=5), le=timedelta(hours=1),
        description="A dead processor's work on rollups and days is taken over after this long.",
    )  # fmt: skip
    scale: ScaleSection | None = Field(
        None, description="Run several processors on this machine, as many as are needed."
    )


class DeadLettersSection(Section):
    """What could not be shipped or stored."""

    max_bytes: Size = Field(
        2**30, ge=2**20, description="They take this much at most; then shipping or storing waits."
    )


class Config(Section):
    """The whole configuration."""

    data: Path = Field(
        Path("~/.local/state/logboom"), description="Folder of everything logboom keeps itself."
    )
    inputs: list[
        Annotated[FileInput | StdinInput | HttpInput | SyslogInput, Field(discriminator="kind")]
    ] = Field([], description="What the shipper reads.")
    rules: list[RuleSection] = Field(
        [], description="Rules for the events of all inputs, after those of each input."
    )
    redact: RedactionSection = Field(
        default_factory=RedactionSection,
        description="Which secrets are replaced before anything is sent or kept.",
    )
    enrich: list[Fact] = Field(
        [],
        description="What every event tells of the shipper's machine: `host`, `ip`, `container`, …",
    )
    broker: Annotated[LocalBrokerSection | KafkaSection, Field(discriminator="kind")] = Field(
        default_factory=LocalBrokerSection, description="`local`, or Kafka."
    )
    store: Annotated[LocalStoreSection | ElasticsearchSection, Field(discriminator="kind")] = Field(
        default_factory=LocalStoreSection, description="`local`, or Elasticsearch."
    )
    index: str = Field(
        "logboom-logs-%Y.%m.%d", description="Name of a day index; strftime codes of the UTC day."
    )
    retention: RetentionSection = Field(
        default_factory=RetentionSection,
        description="How long days are kept, and what becomes of them then.",
    )
    rollups: RollupsSection = Field(
        default_factory=RollupsSection,
        description="Rates per minute, five minutes and hour: how long they are kept.",
    )
    errors: ErrorsSection = Field(
        default_factory=ErrorsSection, description="What is an error, and what is none."
    )
    alerts: AlertsSection = Field(
        default_factory=AlertsSection,
        description="Which alerts there are, and who is told of them.",
    )
    api: ApiSection = Field(default_factory=ApiSection, description="The search API.")
    shipper: ShipperSection = Field(default_factory=ShipperSection, description="The shipper.")
    processor: ProcessorSection = Field(
        default_factory=ProcessorSection, description="The processor."
    )
    dead_letters: DeadLettersSection = Field(
        default_factory=DeadLettersSection, description="What could not be shipped or stored."
    )
    log_level: Literal["debug", "info", "warn", "error"] = Field(
        "info", description="From which level on logboom writes its own log."
    )

    @field_validator("data")
    @classmethod
    def _home_is_expanded(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("inputs")
    @classmethod
    def _standard_input_once(cls, value: list[object]) -> list[object]:
        if sum(isinstance(section, StdinInput) for section in value) > 1:
            raise ValueError("name standard input twice: it can be read once only")
        return value

    @model_validator(mode="after")
    def _each_address_once(self) -> Config:
        inputs, api = listeners_of(self.inputs), Listener("api.listen", self.api.listen)
        metrics = [
            Listener(name, section.metrics)
            for name, section in (
                ("shipper.metrics", self.shipper),
                ("processor.metrics", self.processor),
            )
            if section.metrics is not None
        ]
        for together in ([*inputs, api, *metrics[:1]], *([api, place] for place in metrics)):
            found = clash(together)
            if found is not None:
                one, other = found
                where = (
                    one.address
                    if one.address == other.address
                    else (f"{one.address} and {other.address}")
                )
                raise ValueError(
                    f"has {where} listened on twice, by {one.name} and {other.name}: give each its"
                    " own port"
                )
        return self

    @model_validator(mode="after")
    def _one_writer_needs_no_scaling(self) -> Config:
        embedded = isinstance(self.store, LocalStoreSection)
        if self.processor.scale is not None and (
            embedded or isinstance(self.broker, LocalBrokerSection)
        ):
            part = "store has one writer" if embedded else "broker has one reader"
            raise ValueError(
                f"has processor.scale, but the embedded {part}: leave it out, or use Kafka and"
                " Elasticsearch"
            )
        return self

    @field_validator("index")
    @classmethod
    def _index_names_a_day(cls, value: str) -> str:
        if not all(code in value for code in ("%Y", "%m", "%d")):
            raise ValueError("must contain %Y, %m and %d: one index per day")
        if value != value.lower().replace("%y", "%Y"):
            raise ValueError("must be lower case, as Elasticsearch demands of index names")
        return value
