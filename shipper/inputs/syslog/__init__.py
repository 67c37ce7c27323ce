"""Syslog over UDP, TCP and TLS: RFC 3164, 5424, 5425, 5426 and 6587."""
