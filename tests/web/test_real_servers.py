"""uvicorn, granian and aiohttp as they are, over loopback, with and without a framework around the calls."""

import contextlib

import fastapi
import litestar
import pytest
from litestar.handlers import asgi as litestar_asgi
from websockets.asyncio.client import connect as raw_connect
from websockets.exceptions import InvalidStatus

import phonewire
from phonewire.auth import TwilioSignature
from phonewire.emulators.twilio import TwilioCaller
from tests.web.sites import aiohttp_site, on_granian, on_uvicorn, until

TOKEN = "12345"
SPEECH = bytes(range(100)) * 16


async def echo(call):
    async for frame in call.frames():
        await call.write_payload(frame.payload)


def endpoints():
    return [phonewire.Endpoint("/twilio", "twilio", auth=TwilioSignature([TOKEN]))]


@contextlib.asynccontextmanager
async def by_itself(server):
    calls = phonewire.asgi(endpoints(), handler=echo)
    async with server(calls) as (port, _):
        yield calls, f"ws://127.0.0.1:{port}/twilio"


@contextlib.asynccontextmanager
async def in_fastapi(server):
    calls = phonewire.asgi(endpoints(), handler=echo)
    app = fastapi.FastAPI(lifespan=calls.lifespan)
    app.mount("/voice", calls)
    async with server(app) as (port, _):
        yield calls, f"ws://127.0.0.1:{port}/voice/twilio"


@contextlib.asynccontextmanager
async def in_litestar(server):
    calls = phonewire.asgi(endpoints(), handler=echo)
    mounted = litestar_asgi("/voice", is_mount=True, copy_scope=True)(calls)
    app = litestar.Litestar([mounted], lifespan=[calls.lifespan], logging_config=None)  # it would change everybody's
    async with server(app) as (port, _):
        yield calls, f"ws://127.0.0.1:{port}/voice/twilio"


@contextlib.asynccontextmanager
async def in_aiohttp(server):
    async with aiohttp_site(endpoints(), echo, "/voice") as site:
        yield site.calls, site.url + "/twilio"


@pytest.mark.parametrize(
    ("application", "server"),
    [
        (by_itself, on_uvicorn),
        (in_fastapi, on_uvicorn),
        (in_litestar, on_uvicorn),
        (by_itself, on_granian),
        (in_fastapi, on_granian),
        (in_litestar, on_granian),
        (in_aiohttp, None),
    ],
)
async def test_a_signed_call_is_echoed_and_a_stranger_is_401(application, server):
    async with application(server) as (calls, url):
        with pytest.raises(InvalidStatus) as stranger:
            async with raw_connect(url):
                pass
        assert stranger.value.response.status_code == 401
        async with TwilioCaller(url, auth_token=TOKEN, speed=20) as caller:
            await caller.say(SPEECH)
            await caller.until(lambda: len(caller.heard) >= len(SPEECH))
            assert caller.heard[: len(SPEECH)] == SPEECH
            assert len(calls.calls) == 1
        await until(lambda: not calls.calls)
        assert caller.close_code == 1000
        assert calls.refused == {"unauthenticated": 1}
