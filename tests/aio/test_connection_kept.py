"""Far ends that say goodbye, and keep the TCP connection: the call is over, and nobody waits longer than was said."""

import asyncio
import contextlib
import ssl

import pytest
from websockets.utils import accept_key

import phonewire
from phonewire.emulators.das_peak import DasPeakSender
from phonewire.emulators.twilio import TwilioCaller
from phonewire.protocols.connection import EndReason

FRAME = bytes(160)
CONNECTED = b'{"event":"connected","protocol":"Call","version":"1.0.0"}'
START = b'{"event":"start","streamSid":"MZ1","start":{"streamSid":"MZ1","callSid":"CA1","accountSid":"AC1"}}'
GOODBYE_AT_S, CLOSE_S = 3.0, 2.0

pytestmark = pytest.mark.usefixtures("tls")


def frame(opcode, payload=b""):
    """Make a frame of a server; a client's has a mask of zeros besides."""
    return bytes([0x80 | opcode, len(payload)]) + payload


def masked(opcode, payload=b""):
    return bytes([0x80 | opcode, 0x80 | len(payload)]) + bytes(4) + payload


def keep(writer):
    """Never look at the connection again; so TLS cannot end it, either."""
    writer.transport.pause_reading()


# Clients


class Staying:
    """A server of raw bytes that upgrades, says goodbye with *code* after a while, and stays."""

    def __init__(self, tls, code=1000):
        self.tls, self.code = tls, code
        self.writers = []

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0, ssl=self.tls)
        port = self.server.sockets[0].getsockname()[1]
        self.url = f"{'wss' if self.tls else 'ws'}://127.0.0.1:{port}/daspeak-stream/v1/twilio"
        return self

    async def __aexit__(self, *_):
        for writer in self.writers:
            writer.transport.abort()
        self.server.close()
        await self.server.wait_closed()

    async def serve(self, reader, writer):
        self.writers.append(writer)
        request = await reader.readuntil(b"\r\n\r\n")
        key = request.partition(b"Sec-WebSocket-Key: ")[2].partition(b"\r\n")[0].decode()
        head = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
        writer.write("\r\n".join([*head, f"Sec-WebSocket-Accept: {accept_key(key)}", "", ""]).encode())
        await asyncio.sleep(GOODBYE_AT_S)
        writer.write(frame(8, self.code.to_bytes(2, "big")))
        keep(writer)


@contextlib.asynccontextmanager
async def lasts(least_s, most_s):
    loop = asyncio.get_running_loop()
    start_s = loop.time()
    yield
    assert least_s <= loop.time() - start_s <= most_s + 0.03


async def listen(call):
    async for _ in call.frames():
        pass


async def speak(call):
    with contextlib.suppress(phonewire.CallEndedError):
        while True:
            await call.write_payload(FRAME * 50)


async def wait(call):
    await call.wait_ended()


async def hang_up(call):
    await asyncio.sleep(GOODBYE_AT_S + 0.1)
    await call.close()


@pytest.mark.parametrize("do", [listen, speak, wait, hang_up])
def test_a_client_waits_for_a_server_that_stays_no_longer_than_was_said(virtual, tls, do):
    async def main():
        async with Staying(tls, 4000) as server:
            async with (
                lasts(GOODBYE_AT_S, GOODBYE_AT_S + CLOSE_S),
                phonewire.connect(server.url, protocol="twilio", close_timeout_s=CLOSE_S) as call,
            ):
                await do(call)
            assert call.end_reason is (EndReason.CLOSED if do is hang_up else EndReason.REFUSED)
            assert call.close_code == 4000

    virtual(main())


def test_a_call_that_may_be_taken_up_again_is_when_the_server_restarts_and_stays(virtual, tls):
    async def main():
        async with Staying(tls, 1012) as server:
            url = server.url.replace("daspeak-stream/v1/twilio", "v1.0/calls/1/media_stream")
            async with phonewire.connect(url, close_timeout_s=CLOSE_S, redial=phonewire.Redial(first_s=0)) as call:
                await asyncio.sleep(2 * (GOODBYE_AT_S + CLOSE_S) + 0.1)
                assert call.end_reason is None
            assert len(server.writers) == 3

    virtual(main())


@pytest.mark.parametrize("far_end", ["twilio", "das-peak"])
def test_the_emulators_do_not_wait_without_end(virtual, tls, far_end):
    async def main():
        async with Staying(tls) as server, asyncio.timeout(GOODBYE_AT_S + 11):
            if far_end == "das-peak":
                assert await DasPeakSender(server.url).send(FRAME * 5)
            else:
                async with TwilioCaller(server.url) as caller:
                    await caller.wait_closed()
                    assert caller.close_code == 1000

    virtual(main())


# Servers


class Phone:
    """A phone of raw bytes, in a call."""

    @classmethod
    @contextlib.asynccontextmanager
    async def calling(cls, server):
        tls = ssl.create_default_context() if server.url.startswith("wss") else None
        _, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=tls)
        fields = "Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        writer.write(f"GET /twilio HTTP/1.1\r\n{fields}{key}".encode())
        writer.write(masked(1, CONNECTED) + masked(1, START))
        try:
            yield writer
        finally:
            writer.transport.abort()


def serve(handler):
    limits = phonewire.Limits(close_s=CLOSE_S, media_idle_s=None)
    return phonewire.serve(handler, endpoints=[phonewire.Endpoint("/twilio", "twilio", auth=None)], limits=limits)


@pytest.mark.parametrize("do", [listen, speak, wait, hang_up])
def test_a_server_waits_for_a_phone_that_stays_no_longer_than_was_said(virtual, do):
    async def handler(call):
        calls.append(call)
        try:
            async with lasts(GOODBYE_AT_S, GOODBYE_AT_S + CLOSE_S):
                await do(call)
        finally:
            over.set()

    async def main():
        async with serve(handler) as server, Phone.calling(server) as writer:
            await asyncio.sleep(GOODBYE_AT_S)
            writer.write(masked(8, (1000).to_bytes(2, "big")))
            keep(writer)
            await over.wait()
            await asyncio.sleep(0)
            assert server.handler_errors == 0
            assert calls[0].end_reason is (EndReason.CLOSED if do is hang_up else EndReason.DROPPED)

    calls, over = [], asyncio.Event()
    virtual(main())


def test_a_server_waits_for_an_answer_to_its_goodbye_no_longer_than_was_said(virtual):
    async def handler(call):
        await asyncio.sleep(GOODBYE_AT_S)
        try:
            async with lasts(CLOSE_S, CLOSE_S):
                await call.close()
        finally:
            over.set()

    async def main():
        async with serve(handler) as server, Phone.calling(server) as writer:
            await asyncio.sleep(GOODBYE_AT_S / 2)
            keep(writer)
            await over.wait()
            assert server.handler_errors == 0

    over = asyncio.Event()
    virtual(main())
