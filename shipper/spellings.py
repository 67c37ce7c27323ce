"""How do loggers spell the fields of an event?

Sources: the JSON output of python-json-logger, structlog, Logback's and Log4j's JSON encoders, pino,
zap, zerolog, logrus, slog, Serilog, Winston, Bunyan, OpenTelemetry, AWS Lambda, GELF.
"""

from __future__ import annotations

SPELLINGS: dict[str, str] = {
    "@timestamp": "@timestamp", "timestamp": "@timestamp", "time": "@timestamp", "ts": "@timestamp",
    "@t": "@timestamp", "asctime": "@timestamp", "Timestamp": "@timestamp", "datetime": "@timestamp",
    "timeMillis": "@timestamp", "eventTime": "@timestamp", "t": "@timestamp",
    "message": "message", "msg": "message", "@m": "message", "MessageTemplate": "message",
    "@mt": "message", "event": "message", "Body": "message", "short_message": "message",
    "RenderedMessage": "message", "textPayload": "message", "log": "message", "MESSAGE": "message",
    "level": "log.level", "severity": "log.level", "levelname": "log.level", "loglevel": "log.level",
    "lvl": "log.level", "@l": "log.level", "Level": "log.level", "SeverityText": "log.level",
    "log_level": "log.level", "levelName": "log.level", "log.level": "log.level",
    "logger": "log.logger", "logger_name": "log.logger", "loggerName": "log.logger",
    "name": "log.logger", "SourceContext": "log.logger", "log.logger": "log.logger",
    "service": "service.name", "service_name": "service.name", "serviceName": "service.name",
    "app": "service.name", "application": "service.name", "service.name": "service.name",
    "host": "host.name", "hostname": "host.name", "host.name": "host.name",
    "pid": "process.pid", "process": "process.pid", "processId": "process.pid",
    "process.pid": "process.pid",
    "thread": "process.thread.name", "thread_name": "process.thread.name",
    "threadName": "process.thread.name", "process.thread.name": "process.thread.name",
    "trace_id": "trace.id", "traceId": "trace.id", "traceid": "trace.id", "TraceId": "trace.id",
    "trace.id": "trace.id", "@tr": "trace.id", "dd.trace_id": "trace.id",
    "span_id": "span.id", "spanId": "span.id", "SpanId": "span.id", "span.id": "span.id",
    "@sp": "span.id",
    "stack_trace": "error.stack_trace", "stackTrace": "error.stack_trace",
    "stack": "error.stack_trace", "exc_info": "error.stack_trace",
    "exception": "error.stack_trace", "@x": "error.stack_trace", "traceback": "error.stack_trace",
    "stacktrace": "error.stack_trace", "full_message": "error.stack_trace",
    "error.stack_trace": "error.stack_trace",
    "error_type": "error.type", "errorType": "error.type", "exception_class": "error.type",
    "error.type": "error.type", "error_message": "error.message", "errorMessage": "error.message",
    "error.message": "error.message",
    "method": "http.request.method", "http_method": "http.request.method",
    "http.request.method": "http.request.method",
    "status": "http.response.status_code", "status_code": "http.response.status_code",
    "statusCode": "http.response.status_code",
    "http.response.status_code": "http.response.status_code",
    "path": "url.path", "url.path": "url.path", "uri": "url.original", "url": "url.original",
    "client_ip": "client.ip", "clientIp": "client.ip", "remote_addr": "client.ip",
    "remote_ip": "client.ip", "client.ip": "client.ip",
    "user_id": "user.id", "userId": "user.id", "user.id": "user.id", "user.name": "user.name",
    "user_agent": "user_agent.original", "userAgent": "user_agent.original",
    "duration_ms": "duration:ms", "durationMs": "duration:ms", "elapsed_ms": "duration:ms",
    "responseTime": "duration:ms", "latency_ms": "duration:ms", "took_ms": "duration:ms",
    "duration_s": "duration:s", "duration_us": "duration:us", "duration_ns": "duration:ns",
    "event.duration": "duration:ns",
    "tags": "tags",
}  # fmt: skip
"""A logger's own name, or a dotted ECS name → where it goes. `duration:<unit>` → `event.duration`."""

DURATION_NS: dict[str, int] = {
    "duration:ns": 1, "duration:us": 1000, "duration:ms": 1_000_000, "duration:s": 1_000_000_000,
}  # fmt: skip
