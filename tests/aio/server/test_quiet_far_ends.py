"""Far ends that say nothing for longer than the limits have it: who may, and who is ended. On the fake clock."""

import asyncio
import contextlib

import pytest
from websockets.asyncio.client import connect as raw_connect
from websockets.exceptions import ConnectionClosed

import phonewire
from phonewire.aio.call.engines import PROTOCOLS
from phonewire.protocols.connection import EndReason

pytestmark = pytest.mark.usefixtures("tls")

CONFERENCES = "/v1.0/conferences/{id}/media_stream"
CONFERENCE = CONFERENCES.replace("{id}", "a")
FRAME = b"\x10" * 320
LONG_S = 70.0  # more than twice what `Limits` has for idle media
MAY_BE_QUIET = {"twilio-one-way", "audiohook", "voipbin", "voipbin-external-media"}


@contextlib.asynccontextmanager
async def serving(protocol="voipbin", handler=None, **options):
    async def wait(call):
        await call.wait_ended()

    endpoint = phonewire.Endpoint(CONFERENCES if protocol == "voipbin" else "/calls", protocol, auth=None, **options)
    async with phonewire.serve(handler or wait, endpoints=[endpoint]) as server:
        yield server


def dial(server, **options):
    """Dial a conference as programs do that write their own messages."""
    return raw_connect(f"{server.url}{CONFERENCE}?encapsulation=sln", compression=None, **options)


async def closed_after_s(websocket, most_s=LONG_S):
    """Read until the server closes, and return when that was and why; None when it does not."""
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    with contextlib.suppress(TimeoutError, ConnectionClosed):
        async with asyncio.timeout(most_s):
            while True:
                await websocket.recv()
        return None
    return None if websocket.close_code is None else (loop.time() - began_s, websocket.close_reason)


@pytest.mark.parametrize(
    ("protocol", "query"), [*((name, "?encapsulation=sln") for name in PROTOCOLS), ("voipbin", "")]
)
def test_who_need_not_send_may_be_quiet(virtual, protocol, query):
    async def main():
        path = CONFERENCE if protocol == "voipbin" else "/calls"
        async with serving(protocol) as server:
            options = {"listen_only": True, "protocol": protocol}
            async with phonewire.connect(f"{server.url}{path}{query}", **options) as call:
                await asyncio.wait([asyncio.ensure_future(call.wait_ended())], timeout=LONG_S)
                if protocol in MAY_BE_QUIET:
                    assert call.end_reason is None
                    assert server.refused == {}
                else:
                    assert call.end_reason in (EndReason.REFUSED, EndReason.STOPPED)
                    assert server.refused == {"media_idle": 1}

    virtual(main())


def test_conferences_of_the_command_are_listened_to(virtual):
    """As ``phonewire serve --voipbin-conferences`` has them, without another option."""

    async def main():
        conferences = phonewire.Conferences()
        async with serving(handler=conferences.handler) as server:
            url = f"{server.url}{CONFERENCE}?encapsulation=rtp"
            async with phonewire.connect(url) as speaker, phonewire.connect(url, listen_only=True) as listener:
                await asyncio.sleep(LONG_S)
                assert (speaker.end_reason, listener.end_reason) == (None, None)
                assert listener.stats().frames_in > 40 * LONG_S
                assert server.refused == {}

    virtual(main())


def test_who_has_spoken_is_ended_when_nothing_more_comes(virtual):
    async def main():
        async with serving() as server, dial(server) as websocket:
            assert await closed_after_s(websocket, LONG_S) is None
            await websocket.send(FRAME)
            after_s, reason = await closed_after_s(websocket)
            assert 30 <= after_s <= 34
            assert (websocket.close_code, reason) == (1008, "no media for 30 s")
            assert server.refused == {"media_idle": 1}

    virtual(main())


@pytest.mark.parametrize("message", ["text", b"\x01"])
def test_who_sends_what_is_no_media_does_not_only_listen(virtual, message):
    async def main():
        async with serving() as server, dial(server) as websocket:
            await websocket.send(message)
            after_s, reason = await closed_after_s(websocket)
            assert (30 <= after_s <= 34, reason) == (True, "no media for 30 s")

    virtual(main())


def test_who_is_gone_does_not_listen(virtual):
    """The library's own pings have no answer in time where audio that nobody reads yet stands before it."""

    async def main():
        async with serving() as server, dial(server, ping_interval=None) as websocket:
            assert await closed_after_s(websocket, LONG_S) is None
            websocket.transport.pause_reading()  # answers nothing from here on
            await asyncio.sleep(LONG_S)
            assert server.refused == {"media_idle": 1}
            websocket.transport.abort()

    virtual(main())


@pytest.mark.parametrize(("sends_media", "ends"), [(True, True), (False, False)])
def test_an_endpoint_can_say_what_far_ends_have_to_do(virtual, sends_media, ends):
    async def main():
        async with serving(sends_media=sends_media) as server, dial(server) as websocket:
            if not sends_media:
                await websocket.send(FRAME)
            ended = await closed_after_s(websocket)
            assert (ended is not None) is ends
            assert server.refused == ({"media_idle": 1} if ends else {})

    virtual(main())


def test_who_is_not_to_be_ended_is_not_asked_either(virtual):
    async def main():
        endpoint = phonewire.Endpoint(CONFERENCES, "voipbin", auth=None)
        limits = phonewire.Limits(media_idle_s=None)
        async with phonewire.serve(hold, endpoints=[endpoint], limits=limits) as server, dial(server) as websocket:
            websocket.transport.pause_reading()
            await asyncio.sleep(LONG_S)
            assert server.refused == {}
            websocket.transport.abort()

    async def hold(call):
        await call.wait_ended()

    virtual(main())
