"""A call inside another web server is a span as well, and so is what its handler opens; on the fake clock."""

import pytest
from opentelemetry import trace

from tests.aio.observe.test_telemetry import collected, reader, spans, telemetry
from tests.web.sites import START, until

__all__ = ["reader", "spans", "telemetry"]

pytestmark = pytest.mark.usefixtures("phonewire_clock")


async def test_each_call_is_a_span(site, telemetry, spans, reader):
    inside = []

    async def handle(call):
        inside.append(trace.get_current_span().get_span_context().span_id)
        await call.wait_ended()

    async with site(handle, telemetry=telemetry) as served:
        async with served.dialed("/twilio", START):
            await until(lambda: served.calls.calls)
            assert collected(reader)["phonewire_calls", "twilio"] == 1
        await until(lambda: not served.calls.calls)
        assert trace.get_current_span() is trace.INVALID_SPAN
    (span,) = spans.get_finished_spans()
    assert (span.name, span.attributes["phonewire.call_id"]) == ("phonewire.call", "CA1")
    assert inside == [span.context.span_id]
