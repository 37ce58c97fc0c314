"""docs/tls.md: its snippets run, and what it says is refused is."""

import ast
import re
import ssl
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

import phonewire
from phonewire.cli import main

PAGE = (Path(__file__).parents[2] / "docs" / "tls.md").read_text()
SERVER, RELOAD, KNOWN, CLIENT = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
SPEECH = b"\x10\x20" * 8000


def write_server(issuer):
    certificate = issuer.issue_cert("127.0.0.1")
    chain = b"".join(blob.bytes() for blob in certificate.cert_chain_pems)
    Path("chain.pem").write_bytes(chain)
    certificate.private_key_pem.write_to_path("key.pem")


def spoil(name):
    Path(name).write_text("half a certificate")


@pytest.fixture
def files(authority, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_server(authority)
    authority.cert_pem.write_to_path("authority.pem")
    authority.cert_pem.write_to_path("clients.pem")


@pytest.fixture
def page():
    async def bot(call):
        heard.extend([frame.pcm async for frame in call.frames()])

    heard = []
    endpoints = [phonewire.Endpoint("/twilio", "twilio", auth=None)]
    names = {"phonewire": phonewire, "ssl": ssl, "bot": bot, "endpoints": endpoints, "heard": heard}
    return names | {"host": "127.0.0.1", "port": 0, "samples": SPEECH}


def run(source, names):
    return eval(compile(source, "docs/tls.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)


async def call(page, server):
    await run(CLIENT, page | {"url": server.url + "/twilio"})


async def test_a_call_over_a_certificate_of_ones_own(files, page, phonewire_clock):
    run(SERVER, page)
    async with page["server"] as server:
        await call(page, server)
    assert len(b"".join(page["heard"])) == len(SPEECH)


async def test_a_certificate_is_read_again_and_a_bad_one_is_not_taken(files, page, phonewire_clock):
    run(SERVER, page)
    async with page["server"] as server:
        other = trustme.CA()
        write_server(other)
        run(RELOAD, page)
        with pytest.raises(ssl.SSLCertVerificationError):
            await call(page, server)
        other.cert_pem.write_to_path("authority.pem")
        await call(page, server)
        spoil("chain.pem")
        with pytest.raises(ssl.SSLError):
            run(RELOAD, page)
        await call(page, server)


async def test_who_shows_no_certificate_is_no_client(files, page, authority):
    run(SERVER, page)
    run(KNOWN, page)
    async with page["server"] as server:
        with pytest.raises((ssl.SSLError, OSError, phonewire.RemoteProtocolError)):
            await call(page, server)
        authority.issue_cert("client.example").private_key_and_cert_chain_pem.write_to_path("client.pem")
        context = ssl.create_default_context(cafile="authority.pem")
        context.load_cert_chain("client.pem")
        async with phonewire.connect(server.url + "/twilio", protocol="twilio", tls=context) as known:
            await known.write(SPEECH)
        assert not server.refused


async def test_the_environment_names_an_authority(files, page, monkeypatch, phonewire_clock):
    run(SERVER, page)
    monkeypatch.setenv("SSL_CERT_FILE", "authority.pem")
    async with page["server"] as server, phonewire.connect(server.url + "/twilio", protocol="twilio") as there:
        await there.write(SPEECH)


def test_versions_that_are_taken(files):
    context = phonewire.Tls("chain.pem", "key.pem").context
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert context.maximum_version == ssl.TLSVersion.MAXIMUM_SUPPORTED


def test_what_is_refused_before_anything_is_sent(files, authority):
    for secret in ({"headers": {"apikey": "k"}}, {"token": "t"}):
        with pytest.raises(ValueError, match="in the clear"):
            phonewire.connect("ws://example.com/daspeak-stream/v1/twilio", **secret)
    words = {"ready": ["r"], "success": ["s"], "failure": ["f"]}
    with pytest.raises(ValueError, match="in the clear"):
        phonewire.DasPeakSignalling("http://example.com", apikey="k", **words)
    key = serialization.load_pem_private_key(Path("key.pem").read_bytes(), None)
    locked = serialization.BestAvailableEncryption(b"passphrase")
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    Path("key.pem").write_bytes(key.private_bytes(*form, locked))
    with pytest.raises(ssl.SSLError):
        phonewire.Tls("chain.pem", "key.pem")
    trustme.CA().issue_cert("127.0.0.1").private_key_pem.write_to_path("key.pem")
    with pytest.raises(ssl.SSLError):
        phonewire.Tls("chain.pem", "key.pem")


def test_every_option_is_one():
    options = {
        option for name in ("serve", "doctor") for each in main.get_command(None, name).params for option in each.opts
    }
    assert set(re.findall(r"`phonewire (?:serve|doctor) ([^`]*)`", PAGE))
    named = set(re.findall(r"--[a-z][a-z-]+", "".join(re.findall(r"`phonewire (?:serve|doctor) ([^`]*)`", PAGE))))
    assert {"--tls-cert", "--tls-key", "--public-url"} <= named
    assert named <= options
    assert phonewire.Limits().handshake_s == 5
