"""das-Peak's signalling against its emulator: the whole job, and each way in which a service fails."""

import asyncio
import functools
import json
import logging
import ssl
import traceback
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

import phonewire
from phonewire.aio.client.das_peak_signalling import DasPeakSignalling
from phonewire.das_peak_request import DasPeakSession, SessionRequest
from phonewire.emulators.clock import FakeClockLoop
from phonewire.emulators.das_peak_service import DasPeakService
from phonewire.emulators.das_peak_sessions import ENDED_EARLY, READY, SPOOF, SUCCESS, WRONG_SCORE
from phonewire.errors import AuthenticationError, HandshakeError, LimitExceededError, RemoteProtocolError

KEY = "canary-4711"
WORDS = {"ready": {READY}, "success": {SUCCESS}, "failure": {SPOOF, WRONG_SCORE, ENDED_EARLY}}
SPEECH = bytes(range(0x70)) * 100  # 1.4 s
DOCUMENTED = (AuthenticationError, RemoteProtocolError, OSError)


def run(main):
    with asyncio.Runner(loop_factory=FakeClockLoop) as runner:
        return runner.run(main())


@pytest.fixture
def das_peak(tls):
    """Make the service, without TLS and with it: ``async with das_peak(apikey=KEY) as service``."""
    return functools.partial(DasPeakService, tls=tls)


def now_s():
    return asyncio.get_running_loop().time()


def client(service, **options):
    return DasPeakSignalling(service.url, **{"apikey": KEY} | WORDS | options)


ASKED = SessionRequest(authenticity_threshold=0.8, audio_total_duration=1.0, call_id="4fd9", model_hash="m")


async def session_of(signalling, kind="register", audio_protocol="twilio"):
    return await signalling.create_session(kind, await signalling.create_audio_settings(audio_protocol), ASKED)


async def send(service, audio=SPEECH, call_id="4fd9"):
    options = {"protocol": "das-peak", "call_id": call_id, "headers": {"apikey": KEY}}
    async with phonewire.connect(service.audio_url, **options) as call:
        await call.write_payload(audio)
        return await call.wait_ended()


# The job


def test_the_whole_job(das_peak):
    async def main():
        async with das_peak(apikey=KEY) as service:
            signalling = client(service)
            session = await session_of(signalling)
            assert (session.kind, session.verdict) == ("register", None)
            assert (await signalling.wait_ready(session)).status == READY
            assert await send(service) is phonewire.EndReason.COMPLETED
            session = await signalling.wait_verdict(session)
            assert (session.status, session.verdict) == (SUCCESS, True)
            assert session.fields["credential"] not in repr(session)
            assert SPEECH.startswith(service.heard["4fd9"])
            assert len(service.heard["4fd9"]) >= 8000
            settings = service.sessions.settings[session.fields["audio_settings_id"]]
            assert settings == {
                "audio_protocol": "twilio", "audio_format": "raw", "audio_codec": "mulaw", "sample_format": "",
                "sample_rate": 8000, "channels": 1, "id": settings["id"],
            }  # fmt: skip

    run(main)


def test_the_whole_job_over_audiohook(das_peak):
    async def main():
        call_id = str(uuid.uuid4())
        async with das_peak(apikey=KEY) as service:
            signalling = client(service)
            settings = await signalling.create_audio_settings("audiohook")
            session = await signalling.create_session("register", settings, structs.replace(ASKED, call_id=call_id))
            await signalling.wait_ready(session)
            options = {"protocol": "audiohook", "call_id": call_id, "headers": {"X-API-KEY": KEY}}
            async with phonewire.connect(service.audiohook_url, **options) as call:
                await call.write_payload(SPEECH)
                assert await call.wait_ended() is phonewire.EndReason.COMPLETED
            assert (await signalling.wait_verdict(session)).verdict is True
            assert service.heard[call_id] in SPEECH
            assert len(service.heard[call_id]) == 8000

    run(main)


def test_audiohook_without_a_session_is_sent_away(das_peak):
    async def main():
        async with das_peak(apikey=KEY) as service:
            options = {"protocol": "audiohook", "call_id": str(uuid.uuid4()), "headers": {"X-API-KEY": KEY}}
            async with phonewire.connect(service.audiohook_url, **options) as call:
                assert await call.wait_ended() is not phonewire.EndReason.COMPLETED
            assert service.heard == {}

    run(main)


@pytest.mark.parametrize("status", [SPOOF, WRONG_SCORE])
def test_a_voice_that_is_not_verified(status, das_peak):
    async def main():
        async with das_peak(apikey=KEY, judge=lambda session, audio: status) as service:
            signalling = client(service, session_path="/v1/verify_session/{id}")
            settings = await signalling.create_audio_settings()
            session = await signalling.create_session("verify", settings, ASKED, {"credential": "of the voice"})
            assert service.sessions.sessions[session.id]["credential"] == "of the voice"
            await signalling.wait_ready(session)
            await send(service)
            assert (await signalling.wait_verdict(session)).verdict is False

    run(main)


def test_audio_that_ends_early_is_told_by_the_verdict(das_peak):
    async def main():
        async with das_peak(apikey=KEY) as service:
            signalling = client(service)
            session = await signalling.wait_ready(await session_of(signalling))
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1):
                    await send(service, SPEECH[:100])
            assert (await signalling.wait_verdict(session)).status == ENDED_EARLY

    run(main)


@pytest.mark.parametrize(("call_id", "audio_protocol"), [("other", "twilio"), ("4fd9", "audiohook")])
def test_audio_of_no_session_is_sent_away(call_id, audio_protocol, das_peak):
    async def main():
        async with das_peak(apikey=KEY) as service:
            signalling = client(service)
            await signalling.wait_ready(await session_of(signalling, audio_protocol=audio_protocol))
            assert await send(service, call_id=call_id) is phonewire.EndReason.REFUSED

    run(main)


def test_a_session_that_is_never_ready(das_peak):
    async def main():
        async with das_peak(apikey=KEY, looks=None) as service:
            signalling = client(service, interval_s=2)
            session = await session_of(signalling)
            began_s = now_s()
            with pytest.raises(TimeoutError, match="not ready within 30 s: its status was 'preparing'"):
                await signalling.wait_ready(session)
            assert now_s() - began_s == pytest.approx(30)
            assert len(service.requests) == 2 + 15, "a look every 2 s"
            assert await send(service) is phonewire.EndReason.REFUSED

    run(main)


def test_a_verdict_that_does_not_come(das_peak):
    async def main():
        async with das_peak(apikey=KEY, judge=lambda session, audio: None) as service:
            signalling = client(service)
            session = await signalling.wait_ready(await session_of(signalling))
            await send(service)
            with pytest.raises(TimeoutError, match=f"not over within 5 s: its status was '{READY}'"):
                await signalling.wait_verdict(session, timeout_s=5)
            no_status = client(service, status_field="state")
            with pytest.raises(TimeoutError, match="it told no status"):
                await no_status.wait_verdict(session, timeout_s=5)

    run(main)


def test_a_session_that_is_over_before_it_is_ready(das_peak):
    async def main():
        async with das_peak(apikey=KEY) as service:
            signalling = client(service)
            session = await session_of(signalling)
            service.sessions.sessions[session.id]["status"] = ENDED_EARLY
            with pytest.raises(RemoteProtocolError, match=ENDED_EARLY):
                await signalling.wait_ready(session)

    run(main)


def test_a_session_that_nobody_knows_any_more(das_peak):
    async def main():
        async with das_peak(apikey=KEY) as service:
            signalling = client(service)
            session = await session_of(signalling)
            service.sessions.sessions.clear()
            with pytest.raises(HandshakeError, match="404"):
                await signalling.wait_ready(session)

    run(main)


def test_a_request_is_that_of_the_public_example(tls):
    sent = []

    async def answer(reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        fields = dict(line.lower().split(": ") for line in head[1:] if line)
        sent.append((head[0], fields, await reader.readexactly(int(fields["content-length"]))))
        writer.write(body(b'{"id": "6ef34b58"}'))
        writer.close()

    async def main():
        async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=tls) as server:
            port = server.sockets[0].getsockname()[1]
            url = f"http{'s' if tls else ''}://127.0.0.1:{port}/dpsrest/"
            signalling = DasPeakSignalling(url, apikey=KEY, **WORDS)
            settings = await signalling.create_audio_settings("audiohook")
            session = await signalling.create_session("register", settings, ASKED)
            await signalling.read_session(session)
        always = {"host": f"127.0.0.1:{port}", "apikey": KEY, "accept": "application/json", "connection": "close"}
        (made, headers, settings), (registered, _, asked), (read, without_body, nothing) = sent
        assert [made, registered, read] == [
            "POST /dpsrest/v1/audio_settings HTTP/1.1",
            "POST /dpsrest/v1/register_session HTTP/1.1",
            "GET /dpsrest/v1/register_session/6ef34b58 HTTP/1.1",
        ]
        assert headers == always | {"content-type": "application/json", "content-length": str(len(settings))}
        assert (without_body, nothing) == (always | {"content-length": "0"}, b"")
        assert json.loads(settings)["audio_protocol"] == "audiohook"
        assert json.loads(asked) == {
            "audio_settings_id": "6ef34b58", "authenticity_threshold": 0.8, "audio_total_duration": 1.0,
            "call_id": "4fd9", "model_hash": "m",
        }  # fmt: skip

    run(main)


# What goes wrong


def body(text):
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(text) + text


BAD_ANSWERS = [
    (401, AuthenticationError),
    (403, AuthenticationError),
    (302, HandshakeError),
    (404, HandshakeError),
    (422, HandshakeError),
    (500, HandshakeError),
    (b"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", HandshakeError),
    (body(b" " * 20_001), LimitExceededError),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\n \r\n" * 4000, LimitExceededError),
    (b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, LimitExceededError),
    (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 3000, RemoteProtocolError),
    (b"HTTP/1.1 204 No Content\r\n\r\n", RemoteProtocolError),
    (body(b"no"), RemoteProtocolError),
    (body(b"\xff"), RemoteProtocolError),
    (body(b"[" * 5000), RemoteProtocolError),
    (body(b"[]"), RemoteProtocolError),
    (body(b"{}"), RemoteProtocolError),
    (body(b'{"id":7}'), RemoteProtocolError),
    (body(b'{"id":"../x"}'), RemoteProtocolError),
    (body(b'{"id":""}'), RemoteProtocolError),
    (b"SSH-2.0\r\n\r\n", RemoteProtocolError),
    (b"HTTP/1.1 101 Upgrade\r\nUpgrade: x\r\n\r\n", RemoteProtocolError),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", RemoteProtocolError),
    (b"HTTP/1.1 200", RemoteProtocolError),
    (b"", RemoteProtocolError),
]


@pytest.mark.parametrize(("answer", "error"), BAD_ANSWERS, ids=range(len(BAD_ANSWERS)))
def test_a_bad_answer_is_one_error_without_the_key_and_without_a_second_request(answer, error, caplog, das_peak):
    caplog.set_level(logging.DEBUG)

    async def main():
        asyncio.get_running_loop().set_debug(True)
        async with das_peak(apikey=KEY) as service:
            service.answers.append(answer)
            signalling = client(service, answer_bytes=20_000)
            with pytest.raises(error) as raised:
                await signalling.create_audio_settings()
            assert len(service.requests) == 1
            told = traceback.format_exception(raised.value), repr(signalling), vars(signalling), caplog.text
            assert KEY not in repr(told)

    run(main)


@given(answer=st.binary(max_size=200) | st.builds(body, st.binary(max_size=200)))
def test_whatever_is_answered_ends_in_a_documented_error(answer):
    async def main():
        async with DasPeakService(apikey=KEY) as service:
            service.answers.append(answer)
            with pytest.raises(DOCUMENTED):
                await client(service).create_audio_settings()

    run(main)


def test_the_wrong_key_is_refused_at_every_door(das_peak):
    async def main():
        async with das_peak(apikey="other") as service:
            with pytest.raises(AuthenticationError):
                await client(service).create_audio_settings()
            with pytest.raises(AuthenticationError):
                await send(service)

    run(main)


def test_a_slow_service_has_its_time(das_peak):
    async def main():
        async with das_peak(apikey=KEY, answer_s=4) as service:
            began_s = now_s()
            with pytest.raises(TimeoutError, match="no answer within 3 s"):
                await client(service, timeout_s=3).create_audio_settings()
            assert now_s() - began_s == pytest.approx(3)
            await client(service).create_audio_settings()
            assert now_s() - began_s == pytest.approx(7)

    run(main)


def test_an_answer_that_drips_ends_in_time(tls):
    async def drip(_, writer):
        while not writer.is_closing():
            writer.write(b"H")
            await asyncio.sleep(1)
        writer.close()

    async def main():
        server = await asyncio.start_server(drip, "127.0.0.1", 0, ssl=tls)
        url = f"http{'s' if tls else ''}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        began_s = now_s()
        with pytest.raises(TimeoutError, match="no answer within 3 s"):
            await DasPeakSignalling(url, apikey=KEY, timeout_s=3, **WORDS).create_audio_settings()
        assert now_s() - began_s == pytest.approx(3)
        server.close()
        await asyncio.sleep(2)

    run(main)


def test_a_certificate_that_nobody_vouches_for_is_final(certificate, trusted):
    async def main():
        async with DasPeakService(apikey=KEY, tls=certificate) as service:
            signalling = client(service)
            with pytest.raises(OSError, match="certificate"):
                await signalling.create_audio_settings()
            assert service.requests == []
            session = DasPeakSession("id", "register", "", None, {})
            with pytest.raises(OSError, match="certificate"):
                await signalling.wait_ready(session)
            trusting = client(service, tls=ssl.create_default_context(cafile=trusted))
            await trusting.create_audio_settings()

    run(main)


def test_a_service_that_is_slow_for_a_while_is_asked_again(das_peak):
    async def main():
        async with das_peak(apikey=KEY, looks=0) as service:
            signalling = client(service, timeout_s=1)
            session = await session_of(signalling)
            service.answer_s = 60
            told = "its status was 'preparing', the last look failed: no answer within 1 s"
            with pytest.raises(TimeoutError, match=told):
                await signalling.wait_ready(session, timeout_s=5)
            asyncio.get_running_loop().call_later(2, setattr, service, "answer_s", 0)
            assert (await signalling.wait_ready(session)).status == READY

    run(main)


PASSING = {
    "a status": (500, 0.5),
    "a status with a time": (b"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", 7),
    "a break": (b"", 0.5),
    "a break within the answer": (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", 0.5),
}


@pytest.mark.parametrize(("answer", "wait_s"), PASSING.values(), ids=PASSING)
def test_what_passes_is_asked_again(answer, wait_s, das_peak):
    async def main():
        async with das_peak(apikey=KEY, looks=0) as service:
            signalling = client(service)
            session = await session_of(signalling)
            service.answers.append(answer)
            began_s = now_s()
            assert (await signalling.wait_ready(session)).status == READY
            assert now_s() - began_s == pytest.approx(wait_s, abs=0.1)

    run(main)


@pytest.mark.parametrize("answer", [401, 302, 404, 422, body(b"[]"), b"SSH\r\n\r\n"])
def test_what_does_not_pass_is_not_asked_again(answer, das_peak):
    async def main():
        async with das_peak(apikey=KEY) as service:
            signalling = client(service)
            session = await session_of(signalling)
            service.answers.append(answer)
            with pytest.raises(DOCUMENTED):
                await signalling.wait_ready(session)
            assert len(service.requests) == 3

    run(main)


# What is given


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org", "ftp://127.0.0.1", "https://u:p@h", "https://u@h", "https://h/?k=1", "https://h/#f", "h",
        "https://", "https://h:0", "https://h:x", "https://h/ x", "https://-h", "https://[::1", "https://" + "a" * 64,
    ],
)  # fmt: skip
def test_a_url_that_is_none_is_refused_without_being_told(url):
    with pytest.raises(ValueError, match=r"^the URL is|^apikey would be sent in the clear") as raised:
        DasPeakSignalling(url, apikey=KEY, **WORDS)
    assert "example" not in str(raised.value)
    assert KEY not in str(raised.value)


@pytest.mark.parametrize(
    "url", ["https://example.org:8443/rest/", "https://[::1]", "http://localhost:80", "http://[::1]:8080/"]
)
def test_a_url_that_is_one(url):
    DasPeakSignalling(url, apikey=KEY, **WORDS)


@pytest.mark.parametrize("key", ["", KEY + "\r\nX: y", KEY + " ", KEY + "é"])
def test_a_key_that_no_header_can_carry_is_refused_without_being_told(key):
    with pytest.raises(ValueError, match=r"key|secret") as raised:
        DasPeakSignalling("https://h", apikey=key, **WORDS)
    assert KEY not in str(raised.value)


@pytest.mark.parametrize(
    "options",
    [
        {"ready": "ready"}, {"success": ()}, {"failure": {SUCCESS}}, {"ready": {""}}, {"ready": {"é"}},
        {"session_path": "v1/{id}"}, {"session_path": "/v1/"}, {"session_path": "/{id} "},
    ],
)  # fmt: skip
def test_an_option_that_makes_no_sense_is_refused(options):
    with pytest.raises(ValueError, match=r"status|session_path"):
        DasPeakSignalling(apikey=KEY, **WORDS | options)


def test_a_session_of_another_kind_is_refused():
    async def main():
        with pytest.raises(ValueError, match="register or verify"):
            await DasPeakSignalling(apikey=KEY, **WORDS).create_session("../x", "s", ASKED)

    run(main)
