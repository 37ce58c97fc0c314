"""The published das-Peak client against our server: what it does, typed anew.

It uses the legacy API of ``websockets``, puts its key into the header ``apikey``, encodes the whole file, cuts the text
at 1,024 characters, sends without a pause, and then waits in ``recv()`` for the close.
Source: das-Peak Streaming, "Other Platforms".
"""

import base64
import json
import textwrap
import warnings

import pytest
from websockets.exceptions import ConnectionClosed, ConnectionClosedOK

import phonewire
from phonewire.auth import ApiKey
from phonewire.wav import WavReader

pytestmark = pytest.mark.usefixtures("tls")

with warnings.catch_warnings():
    # The client is as old as its API; that it still works is the point.
    warnings.simplefilter("ignore", DeprecationWarning)
    from websockets.legacy.client import connect as legacy_connect

CALL_ID = "4fd9e9af-dd71-4177-be31-0bc5041221be"
KEY = "a key of the platform"
PATH = "/daspeak-stream/v1/twilio"


async def publish(url, key, call_id, file):
    """Do what the published client does, and return what its last recv() ended with."""
    # It cuts the text when it is connected. Here that would hold up the server, too, for seconds on a busy machine.
    pieces = textwrap.wrap(base64.b64encode(file.read_bytes()).decode("UTF-8"), 1024)
    websocket = await legacy_connect(url, extra_headers={"apikey": key})
    await websocket.send(json.dumps({"event": "start", "start": {"callSid": call_id}}))
    for piece in pieces:
        await websocket.send(json.dumps({"event": "media", "media": {"payload": piece}}))
    try:
        return await websocket.recv()
    except ConnectionClosed as closed:
        return closed
    finally:
        await websocket.close()


@pytest.mark.parametrize("size", [8 * 5000, 768 * 40, 8 * 5000 + 1])
async def test_what_it_sent_is_on_disk_bit_for_bit_and_it_sees_a_normal_close(tmp_path, size):
    audio = tmp_path / "audio.raw"
    audio.write_bytes(bytes((n * 7 + n // 256) % 256 for n in range(size)))
    recorded = tmp_path / "call.wav"

    async def consume(call):
        assert call.id == CALL_ID
        recording = call.record(recorded)
        # This client never says that it is done, so the consumer says when it has enough.
        async for _ in call.frames():
            if call.stats().bytes_in >= size:
                break
        await call.close()
        await recording.closed()

    endpoint = phonewire.Endpoint(PATH, "das-peak", auth=ApiKey([KEY]), call_ids={CALL_ID})
    async with phonewire.serve(consume, endpoints=[endpoint]) as server:
        outcome = await publish(server.url + PATH, KEY, CALL_ID, audio)
    assert isinstance(outcome, ConnectionClosedOK)
    assert outcome.rcvd.code == 1000
    with WavReader(recorded) as reader:
        assert reader.info.encoding == "ulaw"
        assert reader.read() == audio.read_bytes()


async def test_it_sees_a_normal_close_also_while_it_is_still_sending(tmp_path):
    audio = tmp_path / "audio.raw"
    audio.write_bytes(bytes(range(256)) * 8000)

    async def enough(call):
        async for _ in call.frames():
            if call.stats().ms_in >= 1000:
                return

    endpoint = phonewire.Endpoint(PATH, "das-peak", auth=ApiKey([KEY]))
    async with phonewire.serve(enough, endpoints=[endpoint]) as server:
        try:
            outcome = await publish(server.url + PATH, KEY, CALL_ID, audio)
        except ConnectionClosed as closed:
            outcome = closed  # its send() met the close
    assert isinstance(outcome, ConnectionClosedOK)


async def test_a_wrong_key_is_refused_with_401(tmp_path):
    audio = tmp_path / "audio.raw"
    audio.write_bytes(b"\xff" * 768)

    async def never(call):
        raise AssertionError(f"{call} was let in")

    endpoint = phonewire.Endpoint(PATH, "das-peak", auth=ApiKey([KEY]))
    async with phonewire.serve(never, endpoints=[endpoint]) as server:
        with pytest.raises(Exception, match="401"):
            await publish(server.url + PATH, "wrong", CALL_ID, audio)
        assert server.refused == {"unauthenticated": 1}
        assert server.handler_errors == 0
