"""das-Peak's service, against requests written by hand and the published audio client's messages, on the fake clock."""

import asyncio
import base64
import json
from urllib.parse import urlsplit

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from phonewire.emulators.das_peak_service import DasPeakService

KEY = "k"
SETTINGS = {
    "audio_protocol": "twilio", "audio_format": "raw", "audio_codec": "mulaw", "sample_format": "",
    "sample_rate": 8000, "channels": 1,
}  # fmt: skip
SESSION = {"authenticity_threshold": 0.8, "audio_total_duration": 0.5, "call_id": "4fd9", "model_hash": "m"}
AUDIO = bytes(range(0x70)) * 50


async def ask(service, method, path, fields=None, key=KEY, body=None):
    """Send what curl sends; return status and fields."""
    url = urlsplit(service.url)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    body = json.dumps(fields).encode() if body is None else body
    head = f"{method} {url.path}{path} HTTP/1.1\r\nHost: {url.netloc}\r\nAccept: application/json\r\n"
    writer.write(f"{head}apikey: {key}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
    answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


async def send(service, audio, call_id="4fd9", key=KEY):
    """Send as the published client does; return the close code."""
    async with connect(service.audio_url, additional_headers={"apikey": key}, proxy=None) as socket:
        try:
            await socket.send(json.dumps({"event": "start", "start": {"callSid": call_id}}))
            text = base64.b64encode(audio).decode()
            for offset in range(0, len(text), 1024):
                await socket.send(json.dumps({"event": "media", "media": {"payload": text[offset : offset + 1024]}}))
                await asyncio.sleep(0.001)
            await socket.recv()
        except ConnectionClosed:
            return socket.close_code


async def session_of(service, kind="register", **fields):
    status, settings = await ask(service, "POST", "/v1/audio_settings", SETTINGS)
    assert (status, SETTINGS.items() <= settings.items()) == (201, True)
    asked = SESSION | {"audio_settings_id": settings["id"]} | fields
    status, session = await ask(service, "POST", f"/v1/{kind}_session", asked)
    assert (status, asked.items() <= session.items()) == (201, True)
    return f"/v1/{kind}_session/{session['id']}"


def test_a_session_from_its_settings_to_its_verdict(on_fake_clock):
    async def main():
        async with DasPeakService(apikey=KEY, looks=2) as service:
            path = await session_of(service)
            told = [(await ask(service, "GET", path))[1]["status"] for _ in range(3)]
            assert told == ["preparing", "preparing", "info-consumer-ready"]
            assert await send(service, AUDIO) == 1000
            status, session = await ask(service, "GET", path)
            assert (status, session["status"], len(session["credential"])) == (200, "result-success", 44)
            assert AUDIO.startswith(service.heard["4fd9"])
            assert 4000 <= len(service.heard["4fd9"]) < 4000 + 2 * 768
            assert await send(service, AUDIO) == 1008, "a session takes its audio once"
            again = await session_of(service, "verify", call_id="5", credential=session["credential"])
            for _ in range(3):
                await ask(service, "GET", again)
            assert await send(service, AUDIO[1:], "5") == 1000
            assert (await ask(service, "GET", again))[1]["status"] == "result-fail-score"

    on_fake_clock(main)


def test_audio_that_is_not_expected_is_sent_away(on_fake_clock):
    async def main():
        async with DasPeakService(apikey=KEY) as service:
            path = await session_of(service)
            assert await send(service, AUDIO) == 1008, "not ready"
            for _ in range(2):
                await ask(service, "GET", path)
            assert await send(service, AUDIO, "5") == 1008, "of another call"
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1):
                    await send(service, AUDIO[:768])
            assert (await ask(service, "GET", path))[1]["status"] == "error-audio"

    on_fake_clock(main)


@pytest.mark.parametrize(
    ("status", "request_"),
    [
        (401, {"method": "POST", "path": "/v1/audio_settings", "fields": SETTINGS, "key": "other"}),
        (404, {"method": "GET", "path": "/v1/audio_settings"}),
        (404, {"method": "GET", "path": "/v1/register_session/x"}),
        (404, {"method": "POST", "path": "/v2/audio_settings"}),
        (400, {"method": "POST", "path": "/v1/audio_settings", "body": b"{"}),
        (400, {"method": "POST", "path": "/v1/audio_settings", "body": b"7"}),
        (400, {"method": "POST", "path": "/v1/audio_settings", "body": b" " * 100_000}),
        (422, {"method": "POST", "path": "/v1/audio_settings", "fields": {"channels": 1}}),
        (422, {"method": "POST", "path": "/v1/register_session", "fields": SESSION}),
        (422, {"method": "POST", "path": "/v1/verify_session", "fields": SESSION | {"audio_settings_id": "x"}}),
    ],
)
def test_what_is_asked_wrongly_is_refused(on_fake_clock, status, request_):
    async def main():
        async with DasPeakService(apikey=KEY) as service:
            assert (await ask(service, **request_))[0] == status

    on_fake_clock(main)


def test_who_connects_and_says_nothing_holds_up_no_end(on_fake_clock):
    async def main():
        async with DasPeakService(apikey=KEY, answer_s=60) as service:
            url = urlsplit(service.url)
            writers = []
            for said in (b"", b"GET", b"SSH-2.0\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"):
                writers.append((await asyncio.open_connection(url.hostname, url.port))[1])
                writers[-1].write(said)
            await asyncio.sleep(1)
            began_s = asyncio.get_running_loop().time()
        await asyncio.sleep(0.1)
        assert len(asyncio.all_tasks()) == 1
        assert asyncio.get_running_loop().time() - began_s < 1
        for writer in writers:
            writer.close()

    on_fake_clock(main)
