"""What ASGI servers and frameworks say of a connection, each in its own way, without any of them."""

import asyncio
import contextlib

import pytest

import phonewire
from phonewire.aio.transports.asgi import AsgiTransport
from phonewire.aio.transports.transport import TransportClosed
from phonewire.auth import TwilioSignature, sign_twilio
from tests.web.sites import START, until, wait

pytestmark = pytest.mark.usefixtures("phonewire_clock")

TOKEN = "12345"
SCOPE = {
    "type": "websocket",
    "path": "/twilio",
    "raw_path": b"/twilio",
    "query_string": b"",
    "headers": [(b"host", b"voice.example.com")],
    "client": ["203.0.113.1", 5060],
}


class Driver:
    """An ASGI server with one connection: what the application sends is kept, what it receives is put in."""

    def __init__(self, app, **scope):
        self.app = app
        self.scope = SCOPE | scope
        self.sent = []
        self.inbox = asyncio.Queue()
        self.put("websocket.connect")
        self.writable = asyncio.Event()
        self.writable.set()

    def put(self, kind, **fields):
        self.inbox.put_nowait({"type": kind} | fields)

    async def send(self, message):
        await self.writable.wait()
        self.sent.append(message)
        if message["type"] == "websocket.close":
            self.put("websocket.disconnect", code=message["code"])

    async def run(self):
        await self.app(self.scope, self.inbox.get, self.send)
        return [message["type"].removeprefix("websocket.") for message in self.sent]


def calls_of(handler=wait, auth=None, path="/twilio", **options):
    return phonewire.asgi([phonewire.Endpoint(path, "twilio", auth=auth)], handler=handler, **options)


@contextlib.asynccontextmanager
async def driven(app, *messages, **scope):
    """Run a connection that has begun to speak."""
    driver = Driver(app, **scope)
    for message in messages:
        driver.put("websocket.receive", text=message)
    running = asyncio.create_task(driver.run())
    yield driver
    driver.put("websocket.disconnect", code=1000)
    await running


async def test_without_the_extension_a_refusal_is_a_close_before_the_accept():
    driver = Driver(calls_of(auth=TwilioSignature([TOKEN])))
    assert await driver.run() == ["close"]
    assert driver.sent[0]["code"] == 1008


async def test_with_the_extension_a_refusal_is_a_status():
    driver = Driver(calls_of(auth=TwilioSignature([TOKEN])), extensions={"websocket.http.response": {}})
    assert await driver.run() == ["http.response.start", "http.response.body"]
    assert driver.sent[0]["status"] == 401


MOUNTED = {"path": "/voice/twilio", "raw_path": b"/voice/twilio", "root_path": "/voice"}


@pytest.mark.parametrize(
    ("scope", "signed"),
    [
        ({}, "/twilio"),
        ({"query_string": b"x=%20"}, "/twilio?x=%20"),
        (MOUNTED, "/voice/twilio"),  # Starlette
        (MOUNTED | {"root_path": "/voice/"}, "/voice/twilio"),
        (MOUNTED | {"path": "/twilio/", "root_path": ""}, "/voice/twilio"),  # Litestar
        ({"path": "/voice/twilio", "raw_path": None, "root_path": "/voice"}, "/voice/twilio"),
        ({"raw_path": b"/twilio?x=1", "query_string": b"x=1"}, "/twilio?x=1"),  # some servers leave the query there
        ({"root_path": "/twi"}, "/twilio"),
    ],
)
async def test_the_path_is_what_was_signed(scope, signed):
    signature = sign_twilio(TOKEN, f"wss://voice.example.com{signed}").encode()
    headers = [*SCOPE["headers"], (b"X-Twilio-Signature", signature)]
    calls = calls_of(auth=TwilioSignature([TOKEN]))
    async with driven(calls, START, headers=headers, **scope) as driver:
        await until(lambda: calls.calls)
        assert [message["type"] for message in driver.sent] == ["websocket.accept"]


@pytest.mark.parametrize("path", ["/", "/deep/twilio/"])
async def test_a_path_that_ends_with_a_slash_is_an_endpoints_own(path):
    calls = calls_of(path=path)
    async with driven(calls, START, path=path):
        await until(lambda: calls.calls)


async def test_an_address_that_is_not_told_is_nobodys():
    endpoint = phonewire.Endpoint("/twilio", "twilio", auth=None, addresses=["10.0.0.0/8"])
    assert await Driver(phonewire.asgi([endpoint], handler=wait), client=None).run() == ["close"]
    limits = phonewire.Limits(unauthenticated_per_address=1)
    calls = calls_of(limits=limits)
    async with driven(calls, client=None), driven(calls, client=None):
        await asyncio.sleep(1)
    assert calls.refused == {}


async def test_a_server_that_takes_no_more_makes_the_call_wait():
    async def speak(call):
        for _ in range(1000):
            await call.write_payload(bytes(1600))
        await call.drain()

    calls = calls_of(speak, limits=phonewire.Limits(max_call_seconds=30.0, media_idle_s=None))
    driver = Driver(calls)
    driver.put("websocket.receive", text=START)
    running = asyncio.create_task(driver.run())
    await until(lambda: len(driver.sent) > 3)
    driver.writable.clear()
    sent = len(driver.sent)
    await asyncio.sleep(20)
    (call,) = calls.calls
    assert len(driver.sent) == sent
    assert 60_000 < call._outbound._line.transport.buffered_bytes < 70_000
    assert call.stats().queued_ms > 1000
    driver.writable.set()
    await running
    assert len(driver.sent) > sent + 300


async def test_the_goodbye_comes_last():
    async def speak(call):
        await call.write_payload(bytes(160 * 8))  # no more than is sent ahead: all of it goes at once

    class Slow(Driver):
        async def send(self, message):
            await super().send(message)
            await asyncio.sleep(0.1)

    driver = Slow(calls_of(speak))
    running = asyncio.create_task(driver.run())
    await until(lambda: driver.sent)
    driver.writable.clear()
    driver.put("websocket.receive", text=START)
    await asyncio.sleep(5)
    driver.writable.set()
    assert (await running) == ["accept", *["send"] * 8, "close"]


async def test_who_cancels_a_reader_whose_connection_is_cut_is_heard():
    transport = AsgiTransport(asyncio.Queue().get, None, "peer")
    reading = asyncio.create_task(transport.receive())
    await asyncio.sleep(0)
    transport.abort()
    reading.cancel()
    await asyncio.wait([reading])
    assert reading.cancelled()


async def test_a_reader_whose_connection_is_cut_is_told_so_and_not_cancelled():
    transport = AsgiTransport(asyncio.Queue().get, None, "peer")
    reading = asyncio.create_task(transport.receive())
    await asyncio.sleep(0)
    transport.abort()
    with pytest.raises(TransportClosed):
        await reading
    assert reading.cancelling() == 0


async def test_who_has_stopped_reading_is_not_woken_when_the_connection_is_cut():
    async def go_on():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await transport.receive()
        await asyncio.sleep(10)

    transport = AsgiTransport(asyncio.Queue().get, None, "peer")
    going_on = asyncio.create_task(go_on())
    await asyncio.sleep(2)
    transport.abort()
    await asyncio.wait([going_on])
    assert not going_on.cancelled()


async def test_who_stops_saying_goodbye_gives_the_connection_up():
    async def takes_nothing(message):
        await asyncio.sleep(1000)

    transport = AsgiTransport(asyncio.Queue().get, takes_nothing, "peer")
    transport.close_s = 1000
    reading = asyncio.create_task(transport.receive())
    closing = asyncio.create_task(transport.close())
    await asyncio.sleep(1)
    closing.cancel()
    with pytest.raises(TransportClosed):
        await asyncio.wait_for(reading, 1)
    assert closing.cancelled()


async def test_a_server_that_raises_ends_the_call():
    ends = []

    async def handler(call):
        await call.write_payload(bytes(1600))
        ends.append(await call.wait_ended())

    class Gone(Driver):
        async def send(self, message):
            if message["type"] == "websocket.send":
                self.put("websocket.disconnect", code=1006)
                raise OSError("gone")
            await super().send(message)

    driver = Gone(calls_of(handler))
    driver.put("websocket.receive", text=START)
    await driver.run()
    assert ends == [phonewire.EndReason.DROPPED]


async def test_a_server_that_never_tells_the_end_is_not_waited_for():
    class Mute(Driver):
        async def send(self, message):
            self.sent.append(message)

    async def hang_up(call):
        return

    loop = asyncio.get_running_loop()
    driver = Mute(calls_of(hang_up, limits=phonewire.Limits(close_s=3.0)))
    driver.put("websocket.receive", text=START)
    began_s = loop.time()
    assert await driver.run() == ["accept", "close"]
    assert loop.time() - began_s == pytest.approx(3.0, abs=0.1)


async def test_a_connection_that_the_server_cancels_ends_its_call():
    calls = calls_of()
    driver = Driver(calls)
    driver.put("websocket.receive", text=START)
    running = asyncio.create_task(driver.run())
    await until(lambda: calls.calls)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert calls.calls == set()


async def lived(app):
    sent = []

    async def send(message):
        sent.append(message)

    inbox = asyncio.Queue()
    inbox.put_nowait({"type": "lifespan.startup"})
    inbox.put_nowait({"type": "lifespan.shutdown"})
    await app({"type": "lifespan"}, inbox.get, send)
    return sent


async def test_the_servers_life():
    assert [each["type"] for each in await lived(calls_of())] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]


async def test_what_cannot_begin_says_so(monkeypatch):
    async def fail(self):
        raise OSError("address in use")

    monkeypatch.setattr("phonewire.aio.server.pages.Pages.open", fail)
    (failed,) = await lived(calls_of(observe=phonewire.Observe(address=("127.0.0.1", 0))))
    assert failed == {"type": "lifespan.startup.failed", "message": "OSError: address in use"}


def test_mistakes_are_told_at_once():
    with pytest.raises(ValueError, match="no handler"):
        phonewire.asgi([phonewire.Endpoint("/twilio", "twilio", auth=None)])
    with pytest.raises(ValueError, match="at least one endpoint"):
        phonewire.asgi([], handler=wait)
    calls = phonewire.aiohttp_handler([phonewire.Endpoint("/twilio", "twilio", auth=None)], handler=wait)
    with pytest.raises(ValueError, match="a prefix begins with a slash"):
        calls.add_to(None, "voice/")


async def test_a_connection_that_the_server_cancels_leaves_no_task_that_sends():
    async def speak(call):
        for _ in range(100):
            await call.write_payload(bytes(160))
        await call.wait_ended()

    calls = calls_of(speak)
    driver = Driver(calls)
    before = asyncio.all_tasks()
    driver.put("websocket.receive", text=START)
    running = asyncio.create_task(driver.run())
    await until(lambda: "websocket.accept" in [message["type"] for message in driver.sent])
    driver.writable.clear()
    await asyncio.sleep(1)
    running.cancel()
    await asyncio.wait([running])
    await asyncio.sleep(0)
    assert asyncio.all_tasks() <= before
