"""What an operator sees: health, readiness, metrics; read back by Prometheus' own parser."""

import asyncio
import json
import sys
import urllib.error
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.asyncio.client import connect as raw_connect

import phonewire
from phonewire.stats import GAUGES, CallStats

pytestmark = pytest.mark.usefixtures("tls")

START = json.dumps({"event": "start", "start": {"callSid": "CA1", "streamSid": "MZ1"}})
MEDIA = json.dumps({"event": "media", "streamSid": "MZ1", "media": {"payload": "////"}})
OWN_PORT = phonewire.Observe(address=("127.0.0.1", 0))


async def get(base, path):
    """Ask as an ordinary HTTP client does; return (status, content type, body)."""

    def ask():
        try:
            # An opener of its own: the one that is there keeps the certificates that it found first.
            with urllib.request.build_opener().open(base + path, timeout=10) as answer:
                return answer.status, answer.headers["Content-Type"], answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers["Content-Type"], error.read().decode()

    return await asyncio.to_thread(ask)


def own(server):
    return f"http://127.0.0.1:{server.observe_port}"


def shared(server):
    return server.url.replace("ws", "http", 1)


async def metrics(server):
    """Return {(name, labels…): value}."""
    _, _, text = await get(own(server), "/metrics")
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_pages_on_a_port_of_their_own(serving):
    async with serving(observe=OWN_PORT) as server:
        assert await get(own(server), "/healthz") == (200, "text/plain; charset=utf-8", "ok\n")
        assert await get(own(server), "/readyz") == (200, "text/plain; charset=utf-8", "ready\n")
        status, content_type, _ = await get(own(server), "/metrics")
        assert (status, content_type) == (200, "text/plain; version=0.0.4; charset=utf-8")
        assert (await get(own(server), "/"))[0] == 404
        assert (await get(shared(server), "/metrics"))[0] == 404


@pytest.mark.parametrize("prefix", ["", "/internal"])
async def test_pages_on_the_port_of_the_calls(serving, prefix):
    async with serving(observe=phonewire.Observe(prefix=prefix)) as server:
        assert server.observe_port is None
        assert (await get(shared(server), prefix + "/healthz?x"))[0] == 200
        assert "phonewire_calls" in (await get(shared(server), prefix + "/metrics"))[2]
        assert (await get(shared(server), "/elsewhere/healthz"))[0] == 404


async def test_nobody_is_asked_to_watch(serving):
    async with serving() as server:
        for path in ("/healthz", "/readyz", "/metrics"):
            assert (await get(shared(server), path))[0] == 404


async def test_a_full_server_is_not_ready(serving, raw, eventually):
    async with serving(limits={"calls": 1}, observe=OWN_PORT) as server:
        peer = await raw.upgraded(server)
        peer.send(1, START.encode())
        await eventually(lambda: server.calls)
        assert await get(own(server), "/readyz") == (503, "text/plain; charset=utf-8", "full\n")
        assert (await get(own(server), "/healthz"))[0] == 200


async def test_a_server_that_is_being_closed_says_so(serving, eventually):
    """Its own port is answered until the last call has ended, so that a balancer stops sending calls."""
    answers, ending = [], asyncio.Event()

    async def handler(call):
        await call.wait_ended()
        answers.append(await get(own(server), "/readyz"))
        ending.set()

    async with serving(handler, observe=OWN_PORT) as server, raw_connect(server.url + "/twilio") as websocket:
        await websocket.send(START)
        await eventually(lambda: server.calls)
        await server.close()
        assert ending.is_set()
    assert answers == [(503, "text/plain; charset=utf-8", "stopping\n")]


async def test_every_counter_of_a_call_is_a_metric(serving, eventually):
    """While it goes on and after it has ended, and never twice."""

    async def handler(call):
        calls.append(call)
        await call.write(b"\0\0" * 800)
        await call.wait_ended()

    calls = []
    async with serving(handler, observe=OWN_PORT) as server:
        for n in (1, 2):
            async with raw_connect(server.url + "/twilio", compression=None) as websocket:
                await websocket.send(START)
                for message in ("[", '{"event": "what"}', MEDIA, MEDIA):
                    await websocket.send(message)
                await eventually(lambda n=n: len(calls) == n and calls[-1].stats().frames_in == 2)
                live = await metrics(server)
                assert live["phonewire_calls", "twilio"] == 1
                assert live["phonewire_frames_in_total", "twilio"] == 2 * n
                assert live["phonewire_bytes_in_total", "twilio"] == 6 * n
                assert live["phonewire_rejected_total", "not_json", "twilio"] == n
                assert live["phonewire_rejected_total", "twilio", "unknown_event"] == n
                await websocket.send('{"event": "stop"}')
            await eventually(lambda: not server.calls)
        ended = await metrics(server)
        assert ended["phonewire_calls_ended_total", "stopped", "twilio"] == 2
        assert ended["phonewire_call_seconds_total", "twilio"] > 0
        assert ("phonewire_calls", "twilio") not in ended
        for name in set(CallStats.__struct_fields__) - {
            "rejected",
            "tolerated",
            "played_ms",
        }:  # played_ms goes on with the clock
            if name in GAUGES:
                assert ended.get((f"phonewire_{name}", "twilio"), 0) == 0
            else:
                value = sum(getattr(call.stats(), name) for call in calls)
                assert ended[f"phonewire_{name}_total", "twilio"] == value
        assert 0 < ended["phonewire_played_ms_total", "twilio"] <= sum(call.stats().played_ms for call in calls)


async def test_who_was_sent_away_is_a_metric(serving, raw):
    async with serving(observe=OWN_PORT, limits={"start_s": 0.05}) as server:
        before = await metrics(server)
        for reason in phonewire.Refusal:
            assert before["phonewire_refused_total", reason.value] == 0
        await get(shared(server), "/nowhere")
        peer = await raw.upgraded(server)
        assert await peer.close_code() == 1008
        after = await metrics(server)
        assert after["phonewire_refused_total", "not_found"] == 1
        assert after["phonewire_refused_total", "no_start"] == 1
        assert after["phonewire_waiting_connections",] == 0
        assert after["phonewire_handler_errors_total",] == 0
        assert after["phonewire_suppressed_log_lines_total",] == 0


async def test_who_has_no_call_yet_is_a_metric(serving, raw):
    async with serving(observe=OWN_PORT) as server:
        for count in range(1, 4):
            await raw.upgraded(server)
            assert (await metrics(server))["phonewire_waiting_connections",] == count


async def test_the_build_is_a_metric(serving):
    async with serving(observe=OWN_PORT) as server:
        info = phonewire.backend_info()
        labels = sorted([phonewire.__version__, info.backend, info.isa])
        assert (await metrics(server))["phonewire_build_info", *labels] == 1


async def test_without_prometheus_client_the_rest_is_there(serving, monkeypatch):
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    monkeypatch.delitem(sys.modules, "phonewire.aio.observe.metrics", raising=False)
    async with serving(observe=OWN_PORT) as server:
        assert (await get(own(server), "/healthz"))[0] == 200
        status, _, text = await get(own(server), "/metrics")
        assert status == 501
        assert "phonewire[prometheus]" in text


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"address": ("127.0.0.1", 0), "prefix": ""},
        {"prefix": "internal"},
        {"prefix": "/internal/"},
        {"prefix": "/"},
    ],
)
def test_arguments_that_make_no_sense(options):
    with pytest.raises(ValueError, match=r"address=|slash"):
        phonewire.Observe(**options)
