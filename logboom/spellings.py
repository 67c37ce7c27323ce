"""How do loggers spell the fields of an event?

Sources: the JSON output of python-json-logger, structlog, Logback's and Log4j's JSON encoders, pino,
zap, zerolog, logrus, slog, Serilog, Winston, Bunyan, OpenTelemetry, AWS Lambda, GELF.

What is read puts such values where they belong; rules that name them are told where that is.
"""

from __future__ import annotations

from logboom.fields import EVENT_FIELDS

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
    "trace.id": "trace.id", "@tr": "trace.id", "dd.trace_id": "trace.id", "traceID": "trace.id",
    "otelTraceID": "trace.id", "x-b3-traceid": "trace.id", "X-B3-TraceId": "trace.id",
    "mdc.traceId": "trace.id", "mdc.trace_id": "trace.id", "contextMap.traceId": "trace.id",
    "contextMap.trace_id": "trace.id", "traceparent": "traceparent",
    "span_id": "span.id", "spanId": "span.id", "SpanId": "span.id", "span.id": "span.id",
    "@sp": "span.id", "dd.span_id": "span.id", "spanID": "span.id", "otelSpanID": "span.id",
    "x-b3-spanid": "span.id", "X-B3-SpanId": "span.id", "mdc.spanId": "span.id",
    "mdc.span_id": "span.id", "contextMap.spanId": "span.id", "contextMap.span_id": "span.id",
    "stack_trace": "error.stack_trace", "stackTrace": "error.stack_trace",
    "stack": "error.stack_trace", "exc_info": "error.stack_trace",
    "exception": "error.stack_trace", "@x": "error.stack_trace", "traceback": "error.stack_trace",
    "stacktrace": "error.stack_trace", "full_message": "error.stack_trace",
    "error.stack_trace": "error.stack_trace",
    "err.stack": "error.stack_trace", "error.stack": "error.stack_trace",
    "err.stack_trace": "error.stack_trace", "exception.stack_trace": "error.stack_trace",
    "exception.stacktrace": "error.stack_trace", "exception.stack": "error.stack_trace",
    "errorVerbose": "error.stack_trace", "err": "error.message", "error": "error.message",
    "err.message": "error.message", "error.msg": "error.message",
    "exception.message": "error.message", "err.type": "error.type", "err.name": "error.type",
    "error.name": "error.type", "error.class": "error.type", "exception.type": "error.type",
    "exception.class": "error.type", "exception.name": "error.type",
    "error_type": "error.type", "errorType": "error.type", "exception_class": "error.type",
    "error.type": "error.type", "error_message": "error.message", "errorMessage": "error.message",
    "error.message": "error.message",
    "method": "http.request.method", "http_method": "http.request.method",
    "http.request.method": "http.request.method",
    "status": "http.response.status_code", "status_code": "http.response.status_code",
    "statusCode": "http.response.status_code",
    "http.response.status_code": "http.response.status_code",
    "req.method": "http.request.method", "request.method": "http.request.method",
    "res.statusCode": "http.response.status_code", "response.status": "http.response.status_code",
    "response.statusCode": "http.response.status_code",
    "response.status_code": "http.response.status_code",
    "req.url": "url.original", "request.url": "url.original", "request.uri": "url.original",
    "req.path": "url.path", "request.path": "url.path",
    "req.headers.user-agent": "user_agent.original",
    "req.headers.User-Agent": "user_agent.original",
    "request.headers.user-agent": "user_agent.original",
    "request.headers.User-Agent": "user_agent.original",
    "req.headers.referer": "http.request.referrer",
    "request.headers.referer": "http.request.referrer",
    "req.remoteAddress": "client.ip", "request.remoteAddress": "client.ip",
    "request.remote_ip": "client.ip", "request.remote_addr": "client.ip",
    "path": "url.path", "url.path": "url.path", "uri": "url.original", "url": "url.original",
    "client_ip": "client.ip", "clientIp": "client.ip", "remote_addr": "client.ip",
    "remote_ip": "client.ip", "client.ip": "client.ip",
    "user_id": "user.id", "userId": "user.id", "user.id": "user.id", "user.name": "user.name",
    "user_agent": "user_agent.original", "userAgent": "user_agent.original",
    "duration_ms": "duration:ms", "durationMs": "duration:ms", "elapsed_ms": "duration:ms",
    "elapsed": "duration:ms", "Elapsed": "duration:ms", "elapsedMs": "duration:ms",
    "ElapsedMilliseconds": "duration:ms", "took": "duration:ms", "responseTimeMs": "duration:ms",
    "response_time_ms": "duration:ms", "elapsed_s": "duration:s", "elapsed_seconds": "duration:s",
    "duration_seconds": "duration:s", "durationNs": "duration:ns", "elapsed_ns": "duration:ns",
    "responseTime": "duration:ms", "latency_ms": "duration:ms", "took_ms": "duration:ms",
    "duration_s": "duration:s", "duration_us": "duration:us", "duration_ns": "duration:ns",
    "event.duration": "duration:ns",
    "tags": "tags",
}  # fmt: skip
"""A logger's own name, or a dotted ECS name → where it goes. `duration:<unit>` → `event.duration`."""

DURATION_NS: dict[str, int] = {
    "duration:ns": 1, "duration:us": 1000, "duration:ms": 1_000_000, "duration:s": 1_000_000_000,
}  # fmt: skip


def stored_as(name: str) -> str | None:
    """The field of the event's own that a logger's name ends up in.

    Args:
        name: As an application writes it.

    Returns:
        None for names that are not known, or are that field already.
    """
    target = SPELLINGS.get(name, name)
    own = "event.duration" if target in DURATION_NS else target
    return own if own != name and own in EVENT_FIELDS else None


def unit_of_duration(name: str) -> str | None:
    """The unit in which a logger's name says a duration; None for other names."""
    target = SPELLINGS.get(name, "")
    return target.partition(":")[2] if target in DURATION_NS else None
