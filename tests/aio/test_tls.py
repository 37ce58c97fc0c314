"""Calls over TLS, with a certificate authority made for the test."""

import asyncio
import ssl
from http import HTTPStatus

import pytest
import trustme

import phonewire
from phonewire.aio import tls
from phonewire.auth import ApiKey
from tests.aio.behind_a_network import BehindANetwork

KEY = {"apikey": "k"}
PATH = "/daspeak-stream/v1/twilio"


@pytest.fixture
def server_side(authority):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    return context


@pytest.fixture
def client_side(authority):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture
async def server(server_side):
    async def enough(call):
        async for _ in call.frames():
            if call.stats().ms_in >= 1000:
                return

    endpoint = phonewire.Endpoint(PATH, "das-peak", auth=ApiKey(["k"]))
    async with phonewire.serve(enough, "127.0.0.1", endpoints=[endpoint], tls=server_side) as server:
        yield server


def url(server, host="localhost"):
    assert server.url.startswith("wss://")
    return f"wss://{host}:{server.port}{PATH}"


async def test_a_call_over_tls(server, client_side):
    async with phonewire.connect(url(server), headers=KEY, tls=client_side) as call:
        await call.write_payload(b"\xff" * 80_000)
        assert await call.wait_ended() is phonewire.EndReason.COMPLETED


async def test_a_wrong_host_name_is_refused(server, client_side):
    with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
        async with phonewire.connect(url(server, "127.0.0.1"), headers=KEY, tls=client_side):
            pass


async def test_an_unknown_authority_is_refused(server):
    with pytest.raises(ssl.SSLCertVerificationError, match="local issuer"):
        async with phonewire.connect(url(server), headers=KEY, tls=ssl.create_default_context()):
            pass


async def test_the_systems_authorities_are_read_once(certificate, trusted, monkeypatch):
    async def never(call):
        await call.wait_ended()

    made, make = [], ssl.create_default_context
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    tls._trusting.cache_clear()
    monkeypatch.setattr(ssl, "create_default_context", lambda *args: made.append(args) or make(*args))
    endpoint = phonewire.Endpoint(PATH, "das-peak", auth=None)
    async with phonewire.serve(never, endpoints=[endpoint], tls=certificate) as server:
        for _ in range(3):
            async with phonewire.connect(server.url + PATH):
                pass
    assert len(made) == 1


async def test_plain_ws_to_a_tls_server_fails_cleanly(server):
    with pytest.raises(phonewire.RemoteProtocolError):
        async with phonewire.connect(f"ws://127.0.0.1:{server.port}{PATH}", headers=KEY):
            pass


async def test_calls_under_way_keep_their_certificate_when_it_is_read_again(authority, client_side, tmp_path):
    path, heard = tmp_path / "certificate.pem", asyncio.Event()

    def use(issuer):
        certificate = issuer.issue_cert("localhost")
        certificate.private_key_and_cert_chain_pem.write_to_path(path)

    async def handler(call):
        async for _ in call.frames():
            heard.set()
            if call.stats().ms_in >= 1000:
                return

    use(authority)
    endpoint = phonewire.Endpoint(PATH, "das-peak", auth=None)
    async with phonewire.serve(handler, endpoints=[endpoint], tls=phonewire.Tls(path)) as server:
        async with phonewire.connect(url(server), tls=client_side) as call:
            await call.write_payload(b"\xff" * 768)
            await heard.wait()
            use(trustme.CA())
            server.reload_tls()
            with pytest.raises(ssl.SSLCertVerificationError):
                await phonewire.connect(url(server), tls=client_side).__aenter__()
            await call.write_payload(b"\xff" * 80_000)
            assert await call.wait_ended() is phonewire.EndReason.COMPLETED
        path.write_text("no certificate")
        with pytest.raises(ssl.SSLError):
            server.reload_tls()


async def test_only_a_certificate_on_disk_can_be_read_again(server):
    with pytest.raises(ValueError, match=r"phonewire\.Tls"):
        server.reload_tls()


# Whoever answers must be who was dialed: at first, when it is dialed again, and when a connection is replaced


class Dialed(BehindANetwork):
    """A platform for calls that are taken up again; somebody else may take its place.

    Attributes:
        requests: that were read, which may hold a secret.
        answers: HTTP statuses for the next ones, before others are accepted.
        successor: who takes its place after the next request.
    """

    def __init__(self, authority, *answers, successor=None):
        super().__init__(
            "/v1.0/calls/1/media_stream?encapsulation=sln&token=", ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        )
        self.requests, self.answers, self.successor = 0, list(answers), successor
        authority.issue_cert("127.0.0.1").configure_cert(self.tls)

    def answer(self, connection, request):
        self.requests += 1
        if self.successor:
            self.replaced_by(self.successor)
        return connection.respond(HTTPStatus(self.answers.pop(0)), "") if self.answers else None

    async def talk(self, websocket):
        await websocket.send(bytes(320))
        async for _ in websocket:
            pass

    def replaced_by(self, impostor):
        """Let somebody else answer from now on."""
        impostor.configure_cert(self.tls)


@pytest.fixture(params=["another host", "an unknown authority"])
def impostor(request, authority):
    return (
        authority.issue_cert("example.com") if request.param == "another host" else trustme.CA().issue_cert("127.0.0.1")
    )


def dial(platform, client_side):
    redial = phonewire.Redial(retries=5, first_s=1, most_s=1)
    return phonewire.connect(platform.network.url, token="t", tls=client_side, redial=redial)


def test_an_impostor_is_not_dialed_twice_and_is_told_nothing(virtual, authority, client_side, impostor):
    async def main():
        async with Dialed(authority) as platform:
            platform.replaced_by(impostor)
            with pytest.raises(ssl.SSLCertVerificationError):
                await dial(platform, client_side).__aenter__()
            assert (platform.network.connections, platform.requests) == (1, 0)

    virtual(main())


def test_an_impostor_who_answers_another_attempt(virtual, authority, client_side, impostor):
    async def main():
        async with Dialed(authority, 503, successor=impostor) as platform:
            with pytest.raises(ssl.SSLCertVerificationError):
                await dial(platform, client_side).__aenter__()
            assert (platform.network.connections, platform.requests) == (2, 1)

    virtual(main())


def test_an_impostor_who_answers_when_a_connection_is_replaced(virtual, authority, client_side, impostor):
    async def main():
        async with Dialed(authority) as platform, dial(platform, client_side) as call:
            for _ in range(2):
                await asyncio.sleep(5)
                await platform.network.cut()
            await asyncio.sleep(5)
            assert call.end_reason is None
            platform.replaced_by(impostor)
            await platform.network.cut()
            assert await call.wait_ended() is phonewire.EndReason.STOPPED  # VoIPBIN's calls end without a goodbye
            assert (platform.network.connections, platform.requests) == (4, 3)

    virtual(main())
