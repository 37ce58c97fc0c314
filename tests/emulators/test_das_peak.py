"""das-Peak's sender, against consumers that are made of `websockets` and `json` alone."""

import asyncio
import base64
import uuid

import pytest
from websockets.exceptions import InvalidStatus

from phonewire.emulators.das_peak import DasPeakSender
from phonewire.wav import WavInfo, WavWriter

AUDIO = bytes(range(0x80)) * 60 + b"end"  # 7,683 bytes: 10 pieces and 3 bytes
PIECES = 11


def consumer(pieces, code=1000):
    """Close after so many pieces; 0 closes at the start."""
    seen = []

    async def answer(socket, message):
        if message["event"] == "media":
            seen.append(message)
        if len(seen) == pieces:
            await socket.close(code)

    return answer


async def test_sends_what_the_published_client_sends(raw_server):
    async with raw_server(consumer(PIECES)) as server:
        sender = DasPeakSender(server.url, apikey="secret", call_id="4fd9e9af-dd71-4177-be31-0bc5041221be")
        assert await sender.send(AUDIO) is True
    start, *medias = server.messages
    assert server.headers["apikey"] == "secret"
    assert start == {"event": "start", "start": {"callSid": "4fd9e9af-dd71-4177-be31-0bc5041221be"}}
    text = base64.b64encode(AUDIO).decode()
    expected = [text[offset : offset + 1024] for offset in range(0, len(text), 1024)]
    assert medias == [{"event": "media", "media": {"payload": piece}} for piece in expected]
    assert (sender.completed, sender.sent_bytes, sender.close_code) == (True, len(AUDIO), 1000)


async def test_makes_a_call_id_and_sends_no_empty_key(raw_server):
    async with raw_server(consumer(0)) as server:
        sender = DasPeakSender(server.url)
        await sender.send(b"")
    assert str(uuid.UUID(sender.call_id)) == sender.call_id == server.messages[0]["start"]["callSid"]
    assert "apikey" not in server.headers


@pytest.mark.parametrize("pieces", range(1, PIECES + 1))
async def test_a_close_anywhere_is_success(raw_server, pieces):
    async with raw_server(consumer(pieces)) as server:
        sender = DasPeakSender(server.url)
        assert await sender.send(AUDIO) is True
    assert len(server.of("media")) <= len(AUDIO)
    assert pieces * 768 <= sender.sent_bytes or sender.sent_bytes == len(AUDIO)


@pytest.mark.parametrize(("code", "completed"), [(1001, True), (1008, False), (1011, False)])
async def test_a_close_with_an_error_is_not(raw_server, code, completed):
    async with raw_server(consumer(2, code)) as server:
        sender = DasPeakSender(server.url)
        assert await sender.send(AUDIO) is completed
    assert sender.close_code == code


async def test_a_connection_that_breaks_after_media_is_success(raw_server):
    async def abort(socket, message):
        if message["event"] == "media":
            socket.transport.abort()

    async with raw_server(abort) as server:
        sender = DasPeakSender(server.url)
        assert await sender.send(AUDIO) is True
    assert sender.close_code == 1006


async def test_a_close_before_any_media_is_not(raw_server):
    async with raw_server(consumer(0)) as server:
        assert await DasPeakSender(server.url).send(b"") is False


async def test_waits_for_the_close_as_long_as_it_is_let(raw_server):
    async with raw_server(consumer(-1)) as server:
        sender = DasPeakSender(server.url)
        sending = asyncio.create_task(sender.send(AUDIO))
        await server.until(lambda: len(server.messages) == 1 + PIECES)
        assert not sending.done()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
    assert (sender.completed, sender.sent_bytes) == (False, len(AUDIO))


async def test_sends_wav_files(tmp_path, raw_server):
    with WavWriter(tmp_path / "x.wav", WavInfo("ulaw", 8000, 1)) as writer:
        writer.write(AUDIO)
    async with raw_server(consumer(PIECES)) as server:
        await DasPeakSender(server.url).send(tmp_path / "x.wav")
    assert b"".join(base64.b64decode(message["media"]["payload"]) for message in server.of("media")) == AUDIO


async def test_is_refused(raw_server):
    async with raw_server(consumer(0), process_request=lambda socket, _: socket.respond(401, "no")) as server:
        with pytest.raises(InvalidStatus):
            await DasPeakSender(server.url, apikey="wrong").send(AUDIO)
