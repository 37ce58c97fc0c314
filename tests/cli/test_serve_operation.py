"""How ``phonewire serve`` is operated: signals, a certificate that changes, health, proxies, what is kept."""

import asyncio
import functools
import json
import os
import signal
import ssl
import time
import urllib.error
import urllib.request

import pytest
import trustme
from websockets.asyncio.client import connect as dial
from websockets.exceptions import InvalidStatus

from phonewire.emulators.das_peak import DasPeakSender
from phonewire.emulators.twilio import TwilioCaller
from phonewire.wav import WavReader

DAS_PEAK, TWILIO = "/daspeak-stream/v1/twilio", "/twilio"
SPEECH = bytes((n * 7 + n // 256) % 0x7F for n in range(16_000))


def answer(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.fixture(params=["uvloop", "asyncio"])
def on_each_loop(request, serving):
    """Run the command where uvloop is installed, and where it is not."""
    if request.param == "uvloop":
        pytest.importorskip("uvloop", reason="uvloop: the extra `fast`")
        return serving
    return functools.partial(serving, before="import sys; sys.modules['uvloop'] = None")


# Stopping


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_second_signal_ends_it_at_once(number, on_each_loop, tmp_path):
    """The caller never answers the goodbye, so the first signal has something to wait for."""
    with on_each_loop("--auth", "none", "--record", tmp_path, "--stop-seconds", "1000") as served:
        async with dial(served.url + TWILIO, compression=None) as caller:
            await caller.send(json.dumps({"event": "start", "start": {"callSid": "CA1", "streamSid": "MZ1"}}))
            await asyncio.to_thread(served.read_until, "call CA1: twilio from")
            caller.transport.pause_reading()
            served.process.send_signal(number)
            while is_listening(served.url):  # noqa: ASYNC110 - that the first signal was taken, nobody tells
                await asyncio.sleep(0.01)
            served.process.send_signal(number)
            assert await asyncio.to_thread(served.process.wait, 60) == -number
            caller.transport.abort()
    (recorded,) = tmp_path.glob("*.wav")
    WavReader(recorded).close()


def is_listening(url):
    try:
        answer(url.replace("ws", "http", 1))
    except OSError:
        return False
    return True


async def test_who_does_not_answer_the_goodbye_is_cut(serving):
    with serving("--auth", "none", "--stop-seconds", "0.1") as served:
        async with dial(served.url + TWILIO, compression=None) as caller:
            await caller.send(json.dumps({"event": "start", "start": {"callSid": "CA1", "streamSid": "MZ1"}}))
            await asyncio.to_thread(served.read_until, "call CA1: twilio from")
            caller.transport.pause_reading()
            assert await asyncio.to_thread(served.stop) == 0
            caller.transport.abort()
    assert served.output.endswith("stopped\n")


DISK_HANGS = """
import threading
from phonewire.aio.recording.file import RecordingFile
RecordingFile.write = lambda *_: threading.Event().wait()
"""


async def test_a_disk_that_hangs_does_not_keep_it_from_ending(serving, tmp_path):
    with serving("--auth", "none", "--record", tmp_path, "--stop-seconds", "0.1", before=DISK_HANGS) as served:
        async with dial(served.url + TWILIO, compression=None) as caller:
            await caller.send(json.dumps({"event": "start", "start": {"callSid": "CA1", "streamSid": "MZ1"}}))
            media = {"track": "inbound", "timestamp": "0", "payload": "/" * 216}
            await caller.send(json.dumps({"event": "media", "streamSid": "MZ1", "media": media}))
            await asyncio.to_thread(served.read_until, "call CA1: twilio from")
            assert await asyncio.to_thread(served.stop) == 1
    assert "stopped without a disk that does not answer" in served.output


# The certificate


async def test_reads_the_certificate_again(on_each_loop, tmp_path):
    path = tmp_path / "certificate.pem"
    authorities = [trustme.CA(), trustme.CA()]

    def use(authority):
        certificate = authority.issue_cert("127.0.0.1")
        path.write_bytes(certificate.private_key_pem.bytes() + b"".join(c.bytes() for c in certificate.cert_chain_pems))

    async def is_trusted(url, authority):
        context = ssl.create_default_context()
        authority.configure_trust(context)
        try:
            return await DasPeakSender(url + DAS_PEAK, tls=context).send(SPEECH)
        except ssl.SSLCertVerificationError:
            return False

    use(authorities[0])
    with on_each_loop("--auth", "none", "--enough", "1", "--tls-cert", path, ready="on wss") as served:
        assert [await is_trusted(served.url, authority) for authority in authorities] == [True, False]
        path.write_text("half a certificate")
        served.process.send_signal(signal.SIGHUP)
        await asyncio.to_thread(served.read_until, "cannot be read again, the old one stays")
        assert await is_trusted(served.url, authorities[0])
        use(authorities[1])
        served.process.send_signal(signal.SIGHUP)
        await asyncio.to_thread(served.read_until, "the certificate was read again")
        assert [await is_trusted(served.url, authority) for authority in authorities] == [False, True]
        assert served.stop() == 0


# What an operator sees


async def test_answers_an_operator(serving):
    with serving("--auth", "none", "--observe", "127.0.0.1:0", ready="/metrics\n") as served:
        port = served.lines[-1].rpartition("port ")[2].partition(":")[0]
        observe = f"http://127.0.0.1:{port}"
        async with TwilioCaller(served.url + TWILIO):
            await asyncio.to_thread(served.read_until, "twilio from")
            assert answer(f"{observe}/healthz") == (200, "ok\n")
            assert answer(f"{observe}/readyz") == (200, "ready\n")
            status, metrics = answer(f"{observe}/metrics")
            assert status == 200
            assert 'phonewire_calls{protocol="twilio"} 1.0' in metrics
        assert answer(f"{served.url.replace('ws', 'http')}/healthz")[0] == 404
        assert served.stop() == 0


async def test_believes_a_proxy(serving):
    with serving("--auth", "none", "--trusted-proxy", "127.0.0.0/8") as served:
        async with dial(served.url + TWILIO, additional_headers={"X-Forwarded-For": "203.0.113.7"}) as caller:
            await caller.send(json.dumps({"event": "start", "start": {"callSid": "CA1", "streamSid": "MZ1"}}))
            await asyncio.to_thread(served.read_until, "call CA1: twilio from 203.0.113.7")


async def test_lets_listed_pages_in(serving):
    with serving("--auth", "none", "--origin", "https://softphone.example") as served:
        async with dial(served.url + TWILIO, origin="https://softphone.example"):
            pass
        with pytest.raises(InvalidStatus):
            async with dial(served.url + TWILIO, origin="https://evil.example"):
                pass


# Recordings


async def test_records_as_it_is_told(serving, tmp_path):
    arguments = ("--record-format", "s16", "--record-minutes", "0.01", "--record-tracks", "separate")
    with serving("--auth", "none", "--record", tmp_path, "--enough", "1", *arguments) as served:
        assert await DasPeakSender(served.url + DAS_PEAK).send(SPEECH)
        assert served.stop() == 0
    lengths = []
    for path in sorted(tmp_path.glob("*.wav")):
        with WavReader(path) as reader:
            assert reader.info.encoding == "s16le"
            lengths.append(len(reader.read()) // 2)
    assert lengths == [4800, 3200]


@pytest.mark.parametrize("bound", [("--keep-days", "1"), ("--keep-gib", "0.000000001")])
async def test_keeps_recordings_within_bounds(serving, tmp_path, bound):
    old, stranger = tmp_path / "20200101T000000Z-000001-0123abcd.wav", tmp_path / "mine.wav"
    for path in (old, stranger):
        path.write_bytes(b"RIFF")
        os.utime(path, (time.time() - 90_000,) * 2)
    with serving("--auth", "none", "--record", tmp_path, *bound) as served:
        await asyncio.to_thread(served.read_until, "removed 1 files of old recordings")
        assert served.stop() == 0
    assert list(tmp_path.iterdir()) == [stranger]


# Command lines that start nothing


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--keep-days", "1"], "--keep-days needs --record DIR"),
        (["--keep-gib", "1"], "--keep-gib needs --record DIR"),
        (["--record-format", "s16"], "--record-format needs --record DIR"),
        (["--record-tracks", "separate"], "--record-tracks needs --record DIR"),
        (["--record-minutes", "1"], "--record-minutes needs --record DIR"),
        (["--record", ".", "--keep-days", "0"], "0.0 is not in the range"),
        (["--record", ".", "--record-format", "mp3"], "'mp3' is not one of 'ulaw', 'alaw', 's16'"),
        (["--observe", "9090"], "'9090' is not an address and a port, such as 127.0.0.1:9090"),
        (["--observe", "localhost:99999"], "'localhost:99999' is not an address and a port"),
        (["--trusted-proxy", "10.0.0.0/33"], "10.0.0.0/33"),
        (["--stop-seconds", "0"], "0.0 is not in the range"),
    ],
)
def test_says_what_it_does_not_understand(run, arguments, message):
    result = run("serve", "--auth", "none", *arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())
