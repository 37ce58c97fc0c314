"""What OpenTelemetry is told: a span for each call, what its handler opens below it, and the counters."""

import asyncio
import threading
import urllib.request

import pytest
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client.parser import text_string_to_metric_families

import phonewire
from phonewire.emulators.asterisk import AsteriskCaller
from phonewire.emulators.twilio import TwilioCaller

UUID = "4fd9e9af-dd71-4177-be31-0bc5041221be"
SPEECH = bytes(range(0x60)) * 10  # 120 ms


@pytest.fixture
def spans():
    return InMemorySpanExporter()


@pytest.fixture
def reader():
    return InMemoryMetricReader()


@pytest.fixture
def telemetry(spans, reader):
    tracers = TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(spans))
    return phonewire.OpenTelemetry(tracers, MeterProvider([reader]))


def collected(reader):
    """Return {(name, labels…): number}."""
    found = reader.get_metrics_data()
    return {
        (metric.name, *sorted(map(str, point.attributes.values()))): point.value
        for resource in (found.resource_metrics if found else ())
        for scope in resource.scope_metrics
        for metric in scope.metrics
        for point in metric.data.data_points
    }


async def wait(call):
    await call.wait_ended()


def endpoints():
    return [phonewire.Endpoint("/twilio", "twilio", auth=None)]


def test_each_call_is_a_span(virtual, telemetry, spans, tls):
    async def main():
        async with phonewire.serve(wait, endpoints=endpoints(), telemetry=telemetry) as server:
            async with TwilioCaller(server.url + "/twilio", call_sid="CA1") as phone:
                await phone.say(SPEECH)
            assert trace.get_current_span() is trace.INVALID_SPAN

    virtual(main())
    (span,) = spans.get_finished_spans()
    assert span.name == "phonewire.call"
    assert span.kind is trace.SpanKind.SERVER
    assert span.status.status_code is trace.StatusCode.UNSET
    told = {name.removeprefix("phonewire."): value for name, value in span.attributes.items()}
    assert told.pop("close_code") in (1000, 1006)
    assert told["ms_in"] >= 120
    assert told == {
        "protocol": "twilio",
        "call_id": "CA1",
        "end_reason": "stopped",
        "ms_in": told["ms_in"],
        "ms_out": 0,
        "played_ms": 0,
        "lost_packets": 0,
    }


def twilio(server, tcp, telemetry):
    return phonewire.connect(server.url + "/twilio", protocol="twilio", call_id=UUID, telemetry=telemetry)


def audiosocket(server, tcp, telemetry):
    return phonewire.connect_audiosocket("127.0.0.1", tcp.port, call_id=UUID, telemetry=telemetry)


@pytest.mark.parametrize("dial", [twilio, audiosocket])
def test_a_call_that_is_made_is_a_span_too(virtual, telemetry, spans, dial):
    async def main():
        async with (
            phonewire.serve(wait, endpoints=endpoints()) as server,
            phonewire.serve_audiosocket(wait, call_ids=None, addresses=None) as tcp,
        ):
            async with dial(server, tcp, telemetry) as call:
                inside.append(trace.get_current_span().get_span_context().span_id)
                await call.write(bytes(1600))
            assert trace.get_current_span() is trace.INVALID_SPAN

    inside = []
    virtual(main())
    (span,) = spans.get_finished_spans()
    assert (span.name, span.kind, [span.context.span_id]) == ("phonewire.call", trace.SpanKind.CLIENT, inside)
    told = {name.removeprefix("phonewire."): value for name, value in span.attributes.items()}
    assert (told["protocol"], told["call_id"], told["end_reason"]) == (dial.__name__, UUID, "closed")
    assert told["ms_out"] >= 100
    assert told["close_code"] in (1000, 1006)


def test_a_block_that_raises_ends_its_span(virtual, telemetry, spans):
    async def main():
        async with phonewire.serve(wait, endpoints=endpoints()) as server:
            with pytest.raises(ZeroDivisionError):
                async with twilio(server, None, telemetry):
                    raise ZeroDivisionError
            with pytest.raises(phonewire.HandshakeError):
                async with phonewire.connect(server.url + "/", protocol="twilio", telemetry=telemetry):
                    pass
        assert trace.get_current_span() is trace.INVALID_SPAN

    virtual(main())
    assert [span.attributes["phonewire.end_reason"] for span in spans.get_finished_spans()] == ["closed"]


def test_what_a_handler_opens_is_below_its_call(virtual, telemetry, spans):
    inside = []

    async def handle(call):
        await asyncio.sleep(0.05)
        inside.append(trace.get_current_span().get_span_context().span_id)
        await call.wait_ended()

    async def main():
        async with (
            phonewire.serve(handle, endpoints=endpoints(), telemetry=telemetry) as server,
            TwilioCaller(server.url + "/twilio"),
            TwilioCaller(server.url + "/twilio"),
        ):
            await asyncio.sleep(0.2)

    virtual(main())
    assert len(inside) == 2
    assert sorted(inside) == sorted(span.context.span_id for span in spans.get_finished_spans())


async def test_counters_are_read_in_the_servers_own_thread(telemetry, reader):
    async with (
        phonewire.serve(wait, endpoints=endpoints(), telemetry=telemetry) as server,
        phonewire.serve_audiosocket(wait, call_ids=None, addresses=None, telemetry=telemetry) as tcp,
        TwilioCaller(server.url + "/twilio") as phone,
        AsteriskCaller("127.0.0.1", tcp.port) as asterisk,
    ):
        await phone.say(SPEECH)
        await asterisk.until(lambda: asterisk.frame_sizes)
        found = await asyncio.to_thread(collected, reader)
        assert found["phonewire_calls", "twilio"] == 1
        assert found["phonewire_calls", "audiosocket"] == 1
        assert found["phonewire_frames_in", "twilio"] >= 6
        assert found["phonewire_refused", "not_found"] == 0


async def test_names_labels_and_numbers_are_those_of_prometheus(telemetry, reader, eventually):
    """But for what exporters add to the name of a counter."""

    def page():
        with urllib.request.urlopen(f"http://127.0.0.1:{server.observe_port}/metrics", timeout=10) as answer:
            return list(text_string_to_metric_families(answer.read().decode()))

    own = {"observe": phonewire.Observe(address=("127.0.0.1", 0)), "telemetry": telemetry}
    async with phonewire.serve(wait, endpoints=endpoints(), **own) as server:
        async with TwilioCaller(server.url + "/twilio") as phone:
            await phone.say(SPEECH)
        await eventually(lambda: not server.calls)
        families = await asyncio.to_thread(page)
        found = await asyncio.to_thread(collected, reader)
    samples = [sample for family in families for sample in family.samples]
    assert found == {(each.name.removesuffix("_total"), *sorted(each.labels.values())): each.value for each in samples}
    assert {family.name for family in families} == telemetry._instruments
    assert len(families) > 30


async def test_an_exporter_that_asks_after_the_end_gets_nothing(telemetry, reader):
    def serve_once():
        async def main():
            async with phonewire.serve(wait, endpoints=endpoints(), telemetry=telemetry):
                pass

        asyncio.run(main())

    thread = threading.Thread(target=serve_once)
    thread.start()
    await asyncio.to_thread(thread.join)
    assert collected(reader) == {}
