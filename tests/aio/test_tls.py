"""Calls over TLS, with a certificate authority made for the test."""

import asyncio
import ssl

import pytest
import trustme

import phonewire
from phonewire.auth import ApiKey

KEY = {"apikey": "k"}
PATH = "/daspeak-stream/v1/twilio"


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


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
