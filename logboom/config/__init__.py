"""The configuration: read once, into frozen objects."""

from logboom.config.connections import (
    ElasticsearchSection,
    KafkaSection,
    LocalBrokerSection,
    LocalStoreSection,
    ServerTlsSection,
    TlsSection,
)
from logboom.config.inputs import (
    FileInput,
    HttpInput,
    MultilineSection,
    StdinInput,
    SyslogInput,
)
from logboom.config.load import expand, from_mapping, read_config, read_mapping
from logboom.config.model import ApiSection, Config, ProcessorSection, ShipperSection
from logboom.config.retention import RetentionSection
from logboom.config.rollups import RollupsSection
from logboom.config.scaling import ScaleSection

__all__ = [
    "ApiSection",
    "Config",
    "ElasticsearchSection",
    "FileInput",
    "HttpInput",
    "KafkaSection",
    "LocalBrokerSection",
    "LocalStoreSection",
    "MultilineSection",
    "ProcessorSection",
    "RetentionSection",
    "RollupsSection",
    "ScaleSection",
    "ServerTlsSection",
    "ShipperSection",
    "StdinInput",
    "SyslogInput",
    "TlsSection",
    "expand",
    "from_mapping",
    "read_config",
    "read_mapping",
]
