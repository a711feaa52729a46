"""OpenTelemetry and logs: traces from the request to the last view over the log's headers, metrics for
Prometheus, JSON logs with trace ids. None of them ever holds personal data: only ids, codes and places.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry import context, metrics, trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import Counter, Gauge, Histogram
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.json_lines import JsonLines

_PROPAGATOR = TraceContextTextMapPropagator()
tracer = trace.get_tracer("insieme")

OLDEST_UNPUBLISHED = Gauge(
    "insieme_relay_oldest_unpublished_seconds", "Age of the oldest fact that is not yet in the log.", ["service"]
)
LAG_EVENTS = Gauge("insieme_reader_lag_events", "Records of the log not read yet.", ["service", "topic"])
LAG_SECONDS = Gauge("insieme_reader_lag_seconds", "Age of the oldest record not handled yet.", ["service"])
PARKED = Gauge("insieme_parked_records", "Records that wait to be redriven.", ["service"])
DEAD_LETTERS = Counter("insieme_dead_letters_total", "Records parked or rejected.", ["service", "reason"])
UNKNOWN_TYPES = Counter("insieme_unknown_types_total", "Facts of types not known here.", ["source"])
HANDLED = Counter("insieme_handled_events_total", "Facts taken by the reader.", ["service"])
BATCH_SECONDS = Histogram("insieme_reader_batch_seconds", "Time to handle a batch.", ["service"])
REACTION_SECONDS = Histogram("insieme_reaction_seconds", "Time of one reaction.", ["service", "reaction"])
STOPPED = Gauge("insieme_reader_stopped", "1 while the reader is stopped.", ["service"])


def traceparent() -> str | None:
    """The W3C header of the present span, to be kept with the fact."""
    if not trace.get_current_span().get_span_context().is_valid:
        return None
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier.get("traceparent")


@contextmanager
def continued(name: str, parent: str | None, **attributes: str | int) -> Iterator[trace.Span]:
    """A span that goes on with the trace of the fact that is handled."""
    extracted = _PROPAGATOR.extract({"traceparent": parent} if parent else {})
    token = context.attach(extracted)  # the handler's own spans and facts must hang under it
    try:
        with tracer.start_as_current_span(name, attributes=attributes) as span:
            yield span
    finally:
        context.detach(token)


class TracedLines(JsonLines):
    """The same with the trace's id."""

    def line(self, record: logging.LogRecord) -> dict[str, Any]:
        """What is written of the record."""
        span = trace.get_current_span().get_span_context()
        return super().line(record) | ({"trace_id": f"{span.trace_id:032x}"} if span.is_valid else {})


def start(process: str) -> None:
    """Sets up logs and, where a collector is named (OTEL_EXPORTER_OTLP_ENDPOINT), the export of traces."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(TracedLines())
    logging.basicConfig(level=os.environ.get("INSIEME_LOG_LEVEL", "INFO"), handlers=[handler], force=True)
    for name in ("uvicorn", "uvicorn.error"):  # the web server writes plain text, with the messages of exceptions
        theirs = logging.getLogger(name)
        theirs.handlers.clear()
        theirs.propagate = True
    logging.getLogger("aiokafka").setLevel("WARNING")
    logging.getLogger("alembic").setLevel("WARNING")
    provider = TracerProvider(resource=Resource.create({"service.name": process}))
    if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


def instrument_engine(engine: AsyncEngine) -> None:
    """Traces the engine's statements (without their parameters), where traces are exported at all.

    By the instrumentor's own tracer: its front door takes engines once in a process (the site has five), and
    refuses SQLAlchemy 2.1 by its declared range only, silently tracing nothing.
    """
    if not exporting():
        return
    from opentelemetry.instrumentation.sqlalchemy.engine import EngineTracer

    usage = metrics.get_meter("insieme").create_up_down_counter("db.client.connections.usage", "connections")
    EngineTracer(trace.get_tracer("insieme.sql"), engine.sync_engine, usage)


def exporting() -> bool:
    """Whether spans go anywhere: nothing is spent on those that nobody sees."""
    return isinstance(trace.get_tracer_provider(), TracerProvider) and bool(
        os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or os.environ.get("INSIEME_TRACES")
    )


def passed(name: str, traceparents: Iterable[str | None], begun: float, **attributes: str | int) -> None:
    """One span for each fact that took a hop (published, folded into views) within its own trace, which a batch
    of many traces cannot be. `begun` is `time.time()` at the batch's start."""
    if not exporting():
        return
    for parent in traceparents:
        if parent:
            within = _PROPAGATOR.extract({"traceparent": parent})
            tracer.start_span(name, within, attributes=attributes, start_time=int(begun * 1e9)).end()
