"""The das-Peak sender: what goes out, and the consumer that closes when it has enough."""

import asyncio
import base64
import contextlib
import json
import textwrap

import pytest

from phonewire.aio.call.call import Call
from phonewire.aio.call.engines import announce, call_settings, make_engine
from phonewire.errors import CallEndedError
from phonewire.protocols.connection import EndReason, Side
from tests.aio.sounds import speech


@contextlib.asynccontextmanager
async def sending(connection):
    """Set up a sender's call; yield it and the far end of its connection."""
    near, far = connection()
    engine = make_engine("das-peak", Side.CLIENT, media_format=None, message_bytes=65_536)
    announce(engine, "4fd9e9af", {})
    call = Call(engine, near, call_settings("das-peak", engine, Side.CLIENT))
    reader = asyncio.create_task(call.run())
    yield call, far
    await call.close()
    await reader


@pytest.mark.parametrize("code", [1000, 1001, 1005, 1006])
def test_the_das_peak_consumer_has_enough(virtual, connection, code):
    async def main():
        async with sending(connection) as (call, far):
            await call.write_payload(speech(1000))
            far.far.inbox.put_nowait(code)
            assert await call.wait_ended() is EndReason.COMPLETED
            await call.write_payload(speech(500))
            stats = call.stats()
            assert stats.ms_out + stats.unsent_ms == 1500

    virtual(main())


def test_a_das_peak_consumer_that_refuses_is_no_success(virtual, connection):
    async def main():
        async with sending(connection) as (call, far):
            await call.write_payload(speech(1000))
            far.far.inbox.put_nowait(1008)
            assert await call.wait_ended() is EndReason.REFUSED
            with pytest.raises(CallEndedError):
                await call.write_payload(speech(20))

    virtual(main())


def test_das_peak_is_sent_as_its_document_says(virtual, connection):
    async def main():
        async with sending(connection) as (call, far):
            audio = speech(1000)
            await call.write_payload(audio[:5000])
            await call.write_payload(audio[5000:])
            await call.drain()
            messages = [json.loads(far.inbox.get_nowait()[0]) for _ in range(far.inbox.qsize())]
            text = base64.b64encode(audio).decode()
            assert messages == [
                {"event": "start", "start": {"callSid": "4fd9e9af"}},
                *({"event": "media", "media": {"payload": piece}} for piece in textwrap.wrap(text, 1024)),
            ]

    virtual(main())
