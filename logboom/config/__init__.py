"""The configuration: read once, into frozen objects."""

from logboom.config.connections import (
    ElasticsearchSection,
    KafkaSection,
    LocalBrokerSection,
    LocalStoreSection,
    TlsSection,
)
from logboom.config.inputs import FileInput, MultilineSection, StdinInput
from logboom.config.load import expand, from_mapping, read_config, read_mapping
from logboom.config.model import ApiSection, Config, ProcessorSection, ShipperSection

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
    "TlsSection",
    "expand",
    "from_mapping",
    "read_config",
    "read_mapping",
]
