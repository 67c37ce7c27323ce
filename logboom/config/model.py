"""Which settings are there, what do they mean, and what are their defaults?

Every field has a description: `docs/configuration.md` is held to them by a test.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from logboom.config.units import Address, Duration, Size, split_address


class Section(BaseModel):
    """A part of the configuration: frozen, and strict about unknown keys."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, validate_default=True
    )


class MultilineSection(Section):
    """How lines are joined into one event, in Filebeat's terms."""

    pattern: str = Field(description="Regular expression that is searched for in each line.")
    negate: bool = Field(False, description="Turn the pattern round: lines that do not match.")
    match: Literal["after", "before"] = Field(
        "after",
        description="Matching lines belong to the line before them (after) or after them (before).",
    )
    max_lines: int = Field(
        5000, ge=1, le=1_000_000, description="An event is ended after so many lines."
    )
    timeout_s: float = Field(
        5.0, gt=0, le=3600, description="An event is ended when its file is silent for so long."
    )


class _LineInput(Section):
    service: str | None = Field(
        None, description="`service.name` of events that do not name one; default: the file's name."
    )
    format: str = Field(
        "auto", description="How an event is parsed: `auto`, `json`, `grok`, `plain`, …"
    )
    patterns: list[str] = Field(
        [], description="Grok or dissect patterns, tried in order, with `format: grok|dissect`."
    )
    pattern_definitions: dict[str, str] = Field(
        {}, description="Names and definitions of your own grok patterns."
    )
    pattern_folders: list[Path] = Field([], description="Folders with grok pattern files.")
    multiline: Literal["auto", "none"] | MultilineSection = Field(
        "auto", description="How lines are joined into one event: `auto`, `none`, or a section."
    )
    fields: dict[str, object] = Field({}, description="Fields that are added to every event.")
    zone: str = Field("UTC", description="IANA time zone of times that do not say theirs.")
    encoding: str = Field("utf-8", description="Encoding of the text.")

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            message = f"{value!r} is not a time zone: write for example Europe/Berlin or Asia/Seoul"
            raise ValueError(message) from error
        return value

    @model_validator(mode="after")
    def _patterns_fit_the_format(self) -> _LineInput:
        takes_patterns = self.format in {"grok", "dissect"}
        if takes_patterns and not self.patterns:
            raise ValueError(f"format {self.format} needs `patterns`: a list with at least one")
        if self.patterns and not takes_patterns:
            raise ValueError("`patterns` are for format grok or dissect")
        return self


class FileInput(_LineInput):
    """Files that are followed."""

    kind: Literal["file"] = Field("file", exclude=True, repr=False)
    path: list[str] = Field(description="Globs, files or folders; `**` crosses folders.")
    exclude: list[str] = Field([], description="Globs of files to leave alone.")
    start: Literal["beginning", "end"] = Field(
        "beginning",
        description="Where to begin in files that are there at the very first start.",
    )

    @field_validator("path", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @field_validator("path")
    @classmethod
    def _not_empty(cls, value: list[str]) -> list[str]:
        if not value or not all(value):
            raise ValueError("names no file: write a glob, a file or a folder")
        return value


class StdinInput(_LineInput):
    """Standard input, read to its end."""

    kind: Literal["stdin"] = Field("stdin", exclude=True, repr=False)
    stdin: Literal[True] = Field(description="Read standard input.")


class LocalBrokerSection(Section):
    """The embedded broker: a SQLite file in the data folder."""

    kind: Literal["local"] = Field("local", exclude=True, repr=False)
    max_bytes: Size = Field(
        4 * 2**30, description="Events that wait take this much at most; then reading pauses."
    )


class SaslSection(Section):
    """How to log in to Kafka."""

    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="SASL mechanism."
    )
    username: str = Field(description="User name.")
    password: SecretStr = Field(description="Password; take it from the environment or a file.")


class TlsSection(Section):
    """How to trust the other side, and to be trusted."""

    ca_file: Path | None = Field(None, description="Certificates to trust; default: the system's.")
    cert_file: Path | None = Field(None, description="Our own certificate.")
    key_file: Path | None = Field(None, description="The key of our certificate.")
    verify: bool = Field(True, description="Check the other side's certificate.")


class KafkaSection(Section):
    """Apache Kafka."""

    kind: Literal["kafka"] = Field("kafka", exclude=True, repr=False)
    bootstrap: list[str] = Field(description="Addresses of some brokers, HOST:PORT.")
    topic: str = Field("logboom-logs", description="Topic of the events.")
    status_topic: str = Field("logboom-status", description="Topic of the services' states.")
    partitions: int = Field(
        4, ge=1, le=10_000, description="Partitions of the topic when we create it."
    )
    replication: int = Field(
        -1, ge=-1, description="Copies when we create a topic; -1: as many as brokers, 3 at most."
    )
    compression: Literal["none", "lz4", "zstd", "gzip"] = Field(
        "lz4", description="Compression of the batches."
    )
    sasl: SaslSection | None = Field(None, description="Log in with SASL.")
    tls: TlsSection | None = Field(
        None, description="Talk TLS; `{}` for the system's certificates."
    )
    request_timeout: Duration = Field(
        timedelta(seconds=30), description="Give up a request after so long, and try again."
    )


class LocalStoreSection(Section):
    """The embedded store: a tantivy index per day in the data folder."""

    kind: Literal["local"] = Field("local", exclude=True, repr=False)
    writer_memory: Size = Field(
        128 * 2**20, description="Memory of the index writers, all days together."
    )


class ElasticsearchSection(Section):
    """Elasticsearch 8.19 or 9."""

    kind: Literal["elasticsearch"] = Field("elasticsearch", exclude=True, repr=False)
    urls: list[str] = Field(description="Addresses of some nodes, for example https://host:9200.")
    api_key: SecretStr | None = Field(None, description="API key, as Elasticsearch encodes it.")
    username: str | None = Field(None, description="User name, with `password`.")
    password: SecretStr | None = Field(None, description="Password of `username`.")
    tls: TlsSection = Field(default_factory=TlsSection, description="Certificates.")
    shards: int = Field(1, ge=1, le=1024, description="Primary shards of a day index.")
    replicas: int = Field(1, ge=0, le=10, description="Copies of every shard.")
    codec: Literal["default", "best_compression"] = Field(
        "default", description="Codec of the stored fields."
    )
    refresh_interval: Duration = Field(
        timedelta(seconds=1), description="How soon events can be found."
    )
    bulk_bytes: Size = Field(8 * 2**20, description="Size of one bulk request, about.")
    bulk_concurrency: int = Field(2, ge=1, le=32, description="Bulk requests under way at once.")
    request_timeout: Duration = Field(
        timedelta(seconds=60), description="Give up a request after so long, and try again."
    )

    @model_validator(mode="after")
    def _one_way_to_log_in(self) -> ElasticsearchSection:
        if self.api_key is not None and self.username is not None:
            raise ValueError("has both `api_key` and `username`: keep one of them")
        if (self.username is None) != (self.password is None):
            raise ValueError("needs `username` and `password` together")
        return self


_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class ApiSection(Section):
    """The search API."""

    listen: Address = Field("127.0.0.1:7700", description="Where the API and the page are served.")

    @field_validator("listen")
    @classmethod
    def _only_here(cls, value: str) -> str:
        host, _ = split_address(value)
        if host not in _LOOPBACK:
            raise ValueError(
                f"{host} can be reached from other machines, and there are no API keys yet to"
                " protect it: listen on 127.0.0.1, behind a proxy that asks for credentials"
            )
        return value


class ShipperSection(Section):
    """How the shipper reads and sends."""

    name: str | None = Field(
        None, description="Stable name of this shipper; default: the host's name."
    )
    poll_interval: Duration = Field(
        timedelta(seconds=1), description="Look for new and changed files at least this often."
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
    max_line_bytes: Size = Field(
        2**20, ge=1024, description="A longer line is cut here, flagged, and goes on as a new one."
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
    open_files: int = Field(
        512, ge=4, le=100_000, description="Files held open at once; the others are opened in turn."
    )


class ProcessorSection(Section):
    """How the processor consumes and writes."""

    group: str = Field("logboom-processor", description="Name of the consumer group.")
    batch_events: int = Field(
        20_000, ge=1, le=1_000_000, description="Events per write to the store, at most."
    )
    linger: Duration = Field(
        timedelta(milliseconds=500), description="Wait this long for a write to fill."
    )


class Config(Section):
    """The whole configuration."""

    data: Path = Field(
        Path("~/.local/state/logboom"), description="Folder of everything logboom keeps itself."
    )
    inputs: list[Annotated[FileInput | StdinInput, Field(discriminator="kind")]] = Field(
        [], description="What the shipper reads."
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
    retention: Duration = Field(
        timedelta(days=90),
        description="Events older than this at reading go to the day of reading.",
    )
    api: ApiSection = Field(default_factory=ApiSection, description="The search API.")
    shipper: ShipperSection = Field(default_factory=ShipperSection, description="The shipper.")
    processor: ProcessorSection = Field(
        default_factory=ProcessorSection, description="The processor."
    )
    log_level: Literal["debug", "info", "warn", "error"] = Field(
        "info", description="From which level on logboom writes its own log."
    )

    @field_validator("data")
    @classmethod
    def _home_is_expanded(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("index")
    @classmethod
    def _index_names_a_day(cls, value: str) -> str:
        if not all(code in value for code in ("%Y", "%m", "%d")):
            raise ValueError("must contain %Y, %m and %d: one index per day")
        if value != value.lower().replace("%y", "%Y"):
            raise ValueError("must be lower case, as Elasticsearch demands of index names")
        return value
