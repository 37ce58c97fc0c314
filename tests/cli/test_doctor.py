"""``phonewire doctor``: each thing that is wrong is named, with what to do about it."""

import asyncio
import contextlib
import datetime
import json
import logging
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from types import SimpleNamespace

import pytest
import trustme

import phonewire
from phonewire.auth import TwilioSignature, sign_twilio
from phonewire.cli.doctor import machine
from phonewire.cli.doctor.check import Status
from phonewire.cli.doctor.far_end import Answer, _reason
from phonewire.cli.doctor.public_url import _of_stranger
from phonewire.cli.doctor.web_servers import OWNED

TOKEN = "12345"


@pytest.fixture
def doctor(run):
    """Run ``phonewire doctor --json`` and return its checks by name, and whether it was content."""

    def examine(*arguments, **environment):
        result = run("doctor", "--json", *arguments, **environment)
        assert TOKEN not in result.output
        report = json.loads(result.stdout)
        assert result.exit_code == (0 if report["ok"] else 1)
        for check in report["checks"]:
            assert bool(check["remedy"]) == (check["status"] != "ok") or "renew" in check["remedy"], check
        return SimpleNamespace(ok=report["ok"], checks={check["name"]: check for check in report["checks"]})

    return examine


async def hang_up(call):
    pass


@pytest.fixture
def served(certificate, trusted, monkeypatch):
    """Serve one Twilio endpoint over TLS in a thread, at the address that is returned."""
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    logging.getLogger("phonewire").setLevel(logging.CRITICAL)
    with contextlib.ExitStack() as stack:

        def start(auth):
            ready, stop = threading.Event(), []

            async def serve():
                endpoint = phonewire.Endpoint("/twilio", "twilio", auth=auth)
                async with phonewire.serve(hang_up, port=0, endpoints=[endpoint], tls=certificate) as server:
                    over = asyncio.Event()
                    stop.extend([asyncio.get_running_loop(), over, server.url])
                    ready.set()
                    await over.wait()

            thread = threading.Thread(target=lambda: asyncio.run(serve()))
            thread.start()
            stack.callback(thread.join)
            assert ready.wait(10)
            stack.callback(stop[0].call_soon_threadsafe, stop[1].set)
            return stop[2]

        yield start


def test_looks_at_this_machine(doctor, run):
    found = doctor("--calls", 1).checks
    core = phonewire.backend_info()
    assert core.backend in found["core"]["detail"] or core.backend == "pure"
    assert found["clock"]["status"] == found["open files"]["status"] == "ok"
    text = run("doctor", "--calls", 1).output
    for name, check in found.items():
        assert f"{check['status']:<8} {name}: {check['detail']}" in text


def test_tells_what_the_web_servers_that_are_installed_own(doctor, monkeypatch):
    def without_granian(name):
        if name == "granian":
            raise PackageNotFoundError
        return version(name)

    found = doctor().checks
    assert {name: found[name]["detail"] for name in OWNED} == {n: f"{version(n)} {what}" for n, what in OWNED.items()}
    monkeypatch.setattr(import_module("phonewire.cli.doctor.web_servers"), "version", without_granian)
    assert OWNED.keys() - doctor().checks.keys() == {"granian"}


def test_plain_python_is_a_warning(monkeypatch):
    monkeypatch.setattr(
        phonewire, "backend_info", lambda: phonewire.BackendInfo("pure", "scalar", ("scalar",), (), "no")
    )
    assert machine.core().status is Status.WARNING
    assert machine.core().detail == "plain Python, many times slower: no"


def test_a_coarse_clock_is_a_warning():
    assert machine.clock(0.015).status is Status.WARNING
    assert machine.clock(1e-9).status is Status.OK


def test_too_few_open_files_are_a_warning(doctor, monkeypatch):
    monkeypatch.setattr(machine, "getrlimit", lambda which: (1024, 4096))
    found = doctor("--calls", 500).checks["open files"]
    assert found["status"] == "warning"
    assert "1024" in found["detail"]
    assert "1064" in found["remedy"]
    assert doctor("--calls", 480).checks["open files"]["status"] == "ok"
    monkeypatch.setattr(machine, "getrlimit", lambda which: (-1, -1))
    assert doctor("--calls", 10_000).checks["open files"]["status"] == "ok"


def files(folder, issued):
    chain, key = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    return chain, key


def test_a_good_certificate(doctor, authority, trusted, tmp_path):
    chain, key = files(tmp_path, authority.issue_cert("example.com"))
    found = doctor("--tls-cert", chain, "--tls-key", key, SSL_CERT_FILE=str(trusted))
    assert found.ok
    assert found.checks["certificate"]["detail"].startswith("for example.com; ")
    assert found.checks["certificate's issuer"]["status"] == "ok"
    assert "certificate's name" not in found.checks


def test_key_and_certificate_in_one_file(doctor, authority, trusted, tmp_path):
    issued = authority.issue_cert("example.com")
    issued.private_key_and_cert_chain_pem.write_to_path(tmp_path / "both.pem")
    assert doctor("--tls-cert", tmp_path / "both.pem", SSL_CERT_FILE=str(trusted)).ok


def test_nobody_here_trusts_it(doctor, authority, tmp_path):
    chain, key = files(tmp_path, authority.issue_cert("example.com"))
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    found = doctor("--tls-cert", chain, "--tls-key", key, SSL_CERT_FILE=str(other))
    assert found.ok  # whose platform was told to trust it needs nobody else
    assert found.checks["certificate's issuer"]["status"] == "warning"
    assert "intermediates" in found.checks["certificate's issuer"]["remedy"]


@pytest.mark.parametrize(("days", "status"), [(-1, "FAILED"), (3, "warning"), (30, "ok")])
def test_how_long_a_certificate_is_good(doctor, authority, trusted, tmp_path, days, status):
    until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days, hours=1)
    chain, key = files(
        tmp_path, authority.issue_cert("example.com", not_after=until, not_before=datetime.datetime(2020, 1, 1))
    )
    found = doctor("--tls-cert", chain, "--tls-key", key, SSL_CERT_FILE=str(trusted)).checks["certificate"]
    assert found["status"] == status
    assert ("expired" if days < 0 else f"{days} days left") in found["detail"]


def test_the_key_of_another_certificate(doctor, authority, tmp_path):
    chain, _ = files(tmp_path, authority.issue_cert("example.com"))
    (tmp_path / "other").mkdir()
    _, key = files(tmp_path / "other", authority.issue_cert("example.com"))
    found = doctor("--tls-cert", chain, "--tls-key", key)
    assert found.checks["certificate"]["detail"] == "certificate and key do not belong together"
    assert not found.ok


def test_what_is_no_certificate(doctor, tmp_path):
    (tmp_path / "junk").write_text("junk")
    assert "cannot be used" in doctor("--tls-cert", tmp_path / "junk").checks["certificate"]["detail"]
    assert not doctor("--tls-cert", tmp_path / "junk").ok


def test_the_public_url_is_served_and_takes_what_twilio_signs(doctor, served, authority, trusted, tmp_path):
    url = f"{served(TwilioSignature([TOKEN]))}/twilio"
    environment = {"PHONEWIRE_TWILIO_AUTH_TOKEN": f"{TOKEN} wrong", "SSL_CERT_FILE": str(trusted)}
    found = doctor("--public-url", url, **environment)
    assert found.checks["public URL"]["detail"] == "it asks who is there (HTTP status 401)"
    assert found.checks["Twilio's signature, token 1"]["status"] == "ok"
    assert found.checks["Twilio's signature, token 2"]["status"] == "FAILED"
    assert not found.ok
    chain, key = files(tmp_path, authority.issue_cert("example.com"))
    found = doctor("--tls-cert", chain, "--tls-key", key, "--public-url", url, SSL_CERT_FILE=str(trusted))
    assert found.checks["certificate's name"]["status"] == "FAILED"


def test_the_public_url_lets_anybody_in_or_has_another_path(doctor, served, trusted):
    url = served(None)
    assert doctor("--public-url", f"{url}/twilio").checks["public URL"]["detail"] == "it lets anybody in"
    found = doctor("--public-url", f"{url}/other")
    assert found.checks["public URL"]["detail"] == "nothing is served at this path"
    assert not found.ok


@pytest.fixture
def answering(monkeypatch):
    """An HTTP server that answers everything with one status and one date."""
    with contextlib.ExitStack() as stack:

        def start(status, date):
            class Handler(BaseHTTPRequestHandler):
                protocol_version = "HTTP/1.1"

                def do_GET(self):
                    self.send_response_only(status)
                    self.send_header("Date", date)
                    self.send_header("Content-Length", "0")
                    self.end_headers()

            server = HTTPServer(("127.0.0.1", 0), Handler)
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            stack.callback(server.server_close)
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_port}/"

        yield start


def test_a_far_end_answers_and_its_clock_is_another(doctor, answering):
    found = doctor("--reach", answering(404, "Sat, 01 Jan 2000 00:00:00 GMT"))
    assert found.ok
    assert "answered with HTTP status 404" in found.checks["far end"]["detail"]
    assert found.checks["time of day"]["status"] == "warning"
    assert "ahead of the far end's" in found.checks["time of day"]["detail"]


def test_a_far_end_that_tells_no_time_or_the_right_one(doctor, answering):
    assert "time of day" not in doctor("--reach", answering(200, "some day")).checks
    now = datetime.datetime.now(datetime.UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert doctor("--reach", answering(200, now)).checks["time of day"]["status"] == "ok"


def test_a_far_end_opens_a_websocket(doctor, served, trusted):
    found = doctor("--reach", f"{served(None)}/twilio")
    assert "opened a WebSocket" in found.checks["far end"]["detail"]


def test_nobody_there(doctor, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as bound:
        port = bound.getsockname()[1]
        assert "takes TCP" in doctor("--reach", f"audiosocket://127.0.0.1:{port}").checks["far end"]["detail"]
    for scheme in ("ws", "audiosocket"):
        found = doctor("--reach", f"{scheme}://127.0.0.1:{port}")
        assert not found.ok
        assert "refused" in found.checks["far end"]["detail"].lower()


def test_a_certificate_that_is_not_trusted(doctor, served, tmp_path, monkeypatch):
    url = served(None)
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    monkeypatch.setenv("SSL_CERT_FILE", str(other))
    assert "its certificate is not trusted" in doctor("--reach", url).checks["far end"]["detail"]
    assert doctor("--public-url", url).checks["public URL"]["status"] == "FAILED"


def test_what_is_not_spoken(doctor, served, answering):
    plain = answering(200, "").replace("http", "wss")
    assert doctor("--reach", plain).checks["far end"]["status"] == "FAILED"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (socket.gaierror(8, "?"), "its name has no address"),
        (TimeoutError(), "no answer within 5 s"),
        (OSError(113, "No route to host"), "No route to host"),
        (ConnectionError(), "ConnectionError"),
    ],
)
def test_why_nobody_answers(error, text):
    assert _reason(error) == text


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (502, "the proxy answers, the server behind it does not"),
        (200, "opens no WebSocket"),
        (403, "it asks who is there"),
    ],
)
def test_what_stands_in_front_of_the_server(status, text):
    assert text in _of_stranger(Answer(status, 1.0, None)).detail


def request_file(folder, *, url, host, form=(), token=TOKEN, extra=""):
    body = "&".join(f"{name}={value}" for name, value in form)
    first = "POST /voice HTTP/1.1" if form else "GET /twilio HTTP/1.1\r\nUpgrade: websocket"
    text = f"{first}\r\nHost: {host}\r\n{extra}X-Twilio-Signature: {sign_twilio(token, url, form)}\r\n\r\n{body}\n"
    (folder / "request").write_bytes(text.encode())
    return folder / "request"


@pytest.mark.parametrize("form", [(), (("CallSid", "CA1"), ("From", "anonymous"))])
def test_a_request_that_twilio_signed(doctor, tmp_path, form):
    url = "https://example.com/voice" if form else "wss://example.com/twilio"
    environment = {"PHONEWIRE_TWILIO_AUTH_TOKEN": f"wrong {TOKEN}"}
    sample = request_file(tmp_path, url=url, host="example.com", form=form)
    assert doctor("--request", sample, **environment).checks["signed request"]["detail"] == "signed with token 2"
    behind = request_file(tmp_path, url=url, host="10.0.0.1:8080", form=form, extra="X-Forwarded-Host: example.com\r\n")
    refused = doctor("--request", behind, **environment)
    assert not refused.ok
    assert refused.checks["signed request"]["remedy"] == "behind a proxy: --public-url https://example.com?"
    assert doctor("--request", behind, "--public-url", "https://example.com", **environment).ok


def test_a_request_that_somebody_else_signed(doctor, tmp_path):
    sample = request_file(tmp_path, url="wss://example.com/twilio", host="example.com", token="theirs")
    found = doctor("--request", sample, PHONEWIRE_TWILIO_AUTH_TOKEN=TOKEN).checks["signed request"]
    assert found["detail"] == "no token has signed it for wss://example.com/twilio"
    assert "the account's" in found["remedy"]


def test_a_request_without_a_signature(doctor, tmp_path):
    (tmp_path / "request").write_text("GET /twilio HTTP/1.1\nHost: example.com\n\n")
    found = doctor("--request", tmp_path / "request", PHONEWIRE_TWILIO_AUTH_TOKEN=TOKEN)
    assert "no header X-Twilio-Signature" in found.checks["signed request"]["detail"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--tls-key", "FILE"], "--tls-key needs --tls-cert"),
        (["--reach", "example.com"], "a URL to reach begins with"),
        (["--reach", "ftp://example.com"], "a URL to reach begins with"),
        (["--reach", "ws://[::"], "this is no URL"),
        (["--reach", "audiosocket://example.com"], "audiosocket://HOST:PORT"),
        (["--public-url", "ws://example.com"], "--public-url: "),
        (["--request", "FILE"], "--request is no HTTP request"),
    ],
)
def test_what_is_not_understood(run, tmp_path, arguments, message):
    (tmp_path / "FILE").write_text("junk")
    arguments = [str(tmp_path / each) if each == "FILE" else each for each in arguments]
    result = run("doctor", *arguments, PHONEWIRE_TWILIO_AUTH_TOKEN=TOKEN)
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_request_needs_a_token(run, tmp_path):
    (tmp_path / "request").write_text("")
    result = run("doctor", "--request", tmp_path / "request")
    assert result.exit_code == 2
    assert "PHONEWIRE_TWILIO_AUTH_TOKEN" in result.stderr
