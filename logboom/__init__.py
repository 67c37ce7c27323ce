"""The spine that every service of logboom shares: event, configuration, ports, query model."""

__version__ = "0.1.0"
