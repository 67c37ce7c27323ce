"""Which settings say what the broker and the store are, and how they are reached?"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, model_validator

from logboom.config.section import Section
from logboom.config.units import BrokerAddress, Duration, NodeUrl, Size


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


class ServerTlsSection(Section):
    """How an input or the API, which listen, are trusted, and whom they trust."""

    cert_file: Path = Field(description="Our certificate, with those between it and the root.")
    key_file: Path = Field(description="The key of our certificate.")
    client_ca_file: Path | None = Field(
        None, description="Only clients with a certificate of these authorities may connect."
    )
    min_version: Literal["1.2", "1.3"] = Field(
        "1.2", description="Oldest version of TLS that is spoken."
    )


class KafkaSection(Section):
    """Apache Kafka."""

    kind: Literal["kafka"] = Field("kafka", exclude=True, repr=False)
    bootstrap: list[BrokerAddress] = Field(
        min_length=1, description="Addresses of some brokers, HOST:PORT; without a port 9092."
    )
    topic: str = Field("logboom-logs", description="Topic of the events.")
    status_topic: str = Field("logboom-status", description="Topic of the services' states.")
    partitions: int = Field(
        4, ge=1, le=10_000, description="Partitions of the topic when we create it."
    )
    replication: int = Field(
        -1, ge=-1, description="Copies when we create a topic; -1: as many as brokers, 3 at most."
    )
    key: Literal["source", "service"] = Field(
        "source", description="What stays in one partition, in order: a source, or a service."
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
        96 * 2**20,
        description="Memory of the index writers: half of it for the first day that is written"
        " to, half of the rest for the next one, but at least 15 MiB each. A day's merges take half"
        " as much again at the most, or 15 MiB, with the compiled index writer.",
    )


class ElasticsearchSection(Section):
    """Elasticsearch 8.19 or 9."""

    kind: Literal["elasticsearch"] = Field("elasticsearch", exclude=True, repr=False)
    urls: list[NodeUrl] = Field(
        min_length=1, description="Addresses of some nodes, for example https://host:9200."
    )
    api_key: SecretStr | None = Field(None, description="API key, as Elasticsearch encodes it.")
    username: str | None = Field(None, description="User name, with `password`.")
    password: SecretStr | None = Field(None, description="Password of `username`.")
    tls: TlsSection = Field(default_factory=TlsSection, description="Certificates.")
    shards: int = Field(1, ge=1, le=1024, description="Primary shards of a day index.")
    replicas: int = Field(1, ge=0, le=10, description="Copies of every shard.")
    codec: Literal["default", "best_compression"] = Field(
        "default", description="Codec of the stored fields."
    )
    mode: Literal["standard", "logsdb"] = Field(
        "standard", description="`logsdb` takes a third less disk and more CPU."
    )
    sort: Literal["none", "time", "service"] = Field(
        "none", description="Order of the events in an index: newest first, or first by service."
    )
    field_limit: int = Field(
        2000,
        ge=500,
        le=100_000,
        description="Fields of a day index; further attributes are kept, not found.",
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
