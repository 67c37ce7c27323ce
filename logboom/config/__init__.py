"""The configuration: read once, into frozen objects."""

from logboom.config.load import expand, from_mapping, read_config, read_mapping
from logboom.config.model import (
    ApiSection,
    Config,
    ElasticsearchSection,
    FileInput,
    KafkaSection,
    LocalBrokerSection,
    LocalStoreSection,
    MultilineSection,
    ProcessorSection,
    ShipperSection,
    StdinInput,
)

__all__ = [
    "ApiSection",
    "Config",
    "ElasticsearchSection",
    "FileInput",
    "KafkaSection",
    "LocalBrokerSection",
    "LocalStoreSection",
    "MultilineSection",
    "ProcessorSection",
    "ShipperSection",
    "StdinInput",
    "expand",
    "from_mapping",
    "read_config",
    "read_mapping",
]
