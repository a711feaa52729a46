"""One trace from the command to the last view, over the log's headers; metrics; logs without content."""

from __future__ import annotations

import json
import logging

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import REGISTRY

from shared import telemetry
from shared.telemetry import TracedLines
from tests.fixtures.intake import AMINA, browser, send
from tests.fixtures.platform import Platform, accepted
from tests.fixtures.toy import TOY, interview


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """A provider of this test's own: the process has one for all, which another test may have ended."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(telemetry, "tracer", provider.get_tracer("insieme"))
    monkeypatch.setattr(telemetry, "exporting", lambda: True)
    return exporter


async def test_a_trace_goes_from_the_command_to_the_last_view(platform: Platform, spans: InMemorySpanExporter) -> None:
    running = await platform("intake", definitions={"intake": TOY})
    with telemetry.tracer.start_as_current_span("POST /intake/colloqui") as request:
        fact = accepted(await interview(running, "Amina")).events[0]
        trace_id = request.get_span_context().trace_id
    assert fact.meta.traceparent is not None
    assert f"{trace_id:032x}" in fact.meta.traceparent
    await running.quiet()
    names = [span.name for span in spans.get_finished_spans() if span.context.trace_id == trace_id]
    for hop in ("intake publish", "intake views", "intake mark_done"):
        assert hop in names, names
    assert names.count("intake publish") == 2, "the reaction's own fact goes on in the same trace"


async def test_it_begins_at_the_request_and_ends_in_the_view_of_another_service(
    platform: Platform, spans: InMemorySpanExporter
) -> None:
    running = await platform("intake", "reporting")
    async with browser(running, "u-elena.conti") as elena:
        typed = {name: value for name, value in AMINA.items() if name != "own_vehicle"} | {"declared": "true"}
        assert (await send(elena, "/intake/registra", **typed)).status_code == 303
    await running.quiet()
    finished = spans.get_finished_spans()
    (request,) = [span for span in finished if span.name == "POST /intake/registra"]
    trace = [span.name for span in finished if span.context.trace_id == request.context.trace_id]
    assert {"intake publish", "intake views", "reporting views"} <= set(trace), trace


async def test_metrics_name_lag_handled_and_waiting(platform: Platform) -> None:
    running = await platform("intake", definitions={"intake": TOY})
    before = REGISTRY.get_sample_value("insieme_handled_events_total", {"service": "intake"}) or 0
    accepted(await interview(running, "Amina"))
    worker = running.workers["intake"]
    await worker.relay.turn()
    assert await worker.reader.lag() == 1
    assert REGISTRY.get_sample_value("insieme_reader_lag_events", {"service": "intake", "topic": "pathway"}) == 1
    await running.quiet()
    await worker.reader.lag()
    assert REGISTRY.get_sample_value("insieme_reader_lag_events", {"service": "intake", "topic": "pathway"}) == 0
    assert REGISTRY.get_sample_value("insieme_handled_events_total", {"service": "intake"}) == before + 1
    worker.relay.measure(running.now)
    assert REGISTRY.get_sample_value("insieme_relay_oldest_unpublished_seconds", {"service": "intake"}) == 0


def test_a_log_line_has_the_trace_and_not_what_an_exception_quotes() -> None:
    with telemetry.tracer.start_as_current_span("handling"):
        try:
            raise ValueError("Amina Marcatore, RSSMRA80A01A944X")
        except ValueError:
            import sys

            record = logging.LogRecord("insieme", logging.ERROR, __file__, 1, "failed: %s", ("code",), sys.exc_info())
            line = TracedLines().format(record)
    assert "Marcatore" not in line
    parsed = json.loads(line)
    assert parsed["error"] == "ValueError"
    assert parsed["message"] == "failed: code"
    assert parsed["stack"][-1].startswith("test_telemetry.py")
