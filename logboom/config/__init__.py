"""The configuration: read once, into frozen objects."""

from logboom.config.access import ApiLimitsSection, ApiSection, OidcSection, RoleSection
from logboom.config.alerts import AlertsSection, HeartbeatSection
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
from logboom.config.model import Config, ProcessorSection, ShipperSection
from logboom.config.retention import RetentionSection
from logboom.config.rollups import RollupsSection
from logboom.config.scaling import ScaleSection

__all__ = [
    "AlertsSection",
    "ApiLimitsSection",
    "ApiSection",
    "Config",
    "ElasticsearchSection",
    "FileInput",
    "HeartbeatSection",
    "HttpInput",
    "KafkaSection",
    "LocalBrokerSection",
    "LocalStoreSection",
    "MultilineSection",
    "OidcSection",
    "ProcessorSection",
    "RetentionSection",
    "RoleSection",
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
