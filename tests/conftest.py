"""What every test shares: a deterministic hypothesis profile, oracles, a certificate, and lines at the end of a run."""

import functools
import gc
import os
import ssl
import warnings
from types import ModuleType

import pytest
import trustme
from hypothesis import HealthCheck, settings

import phonewire
from phonewire.emulators.voipbin import VoipbinCall

# Derandomised: a failure on one machine is the same failure on the next. No deadline: the suite never depends on speed.
settings.register_profile(
    "phonewire", derandomize=True, deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("phonewire")

if os.environ.get("PHONEWIRE_TEST_LOOP") == "uvloop":
    import uvloop

    def pytest_asyncio_loop_factories():
        """Run every test that is a coroutine on uvloop, not on asyncio's own loop."""
        return {"uvloop": uvloop.new_event_loop}


pytest_plugins = ["pytester"]  # for tests/plugin; pytest takes it from the topmost conftest only


def pytest_collection_finish() -> None:
    """Leave what eleven thousand tests are made of out of every later look for garbage."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def audioop() -> ModuleType:
    """An oracle of µ-law and mixing that is nobody's here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return pytest.importorskip("audioop", reason="audioop: in the standard library below 3.13, then audioop-lts")


@pytest.fixture(scope="session")
def authority():
    """A certificate authority that nobody knows."""
    return trustme.CA()


@pytest.fixture(scope="session")
def certificate(authority):
    """A server's side of TLS, for 127.0.0.1."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture(scope="session")
def trusted(authority, tmp_path_factory):
    """The file that makes OpenSSL trust the authority."""
    path = tmp_path_factory.mktemp("authority") / "trusted.pem"
    authority.cert_pem.write_to_path(path)
    return path


@pytest.fixture(params=["ws", "wss"])
def tls(request, monkeypatch):
    """Run a test without TLS, where this is None, and with it, where this is what servers need.

    Then every `phonewire.serve` and every emulated server has a certificate, and every client finds its authority where
    the system has its own.

    What has none: AudioSocket, which Asterisk speaks over TCP alone; the pages of `Observe` and `Monitor` on ports of
    their own, which are HTTP for this machine; calls over a connection in memory, which carries messages and no bytes.
    """
    return None if request.param == "ws" else serve_with_tls(request, monkeypatch)


@pytest.fixture(params=["ws", "wss", "picows", "picows-wss"])
def wire(request, monkeypatch):
    """Run a test over each transport of `phonewire.serve`, without TLS and with it as `tls` does; this is its name.

    For real sockets: on a network in memory there is nothing that picows could read from.
    """
    if request.param.startswith("picows"):
        pytest.importorskip("picows", reason="picows: the extra of that name")
        monkeypatch.setattr(phonewire, "serve", functools.partial(phonewire.serve, transport="picows"))
    if request.param.endswith("wss"):
        serve_with_tls(request, monkeypatch)
    return request.param


def serve_with_tls(request, monkeypatch):
    """Give every server a certificate, and every client its authority; return the certificate."""
    certificate = request.getfixturevalue("certificate")
    monkeypatch.setenv("SSL_CERT_FILE", str(request.getfixturevalue("trusted")))
    monkeypatch.setattr(phonewire, "serve", functools.partial(phonewire.serve, tls=certificate))
    monkeypatch.setattr(VoipbinCall, "__init__", functools.partialmethod(VoipbinCall.__init__, tls=certificate))
    return certificate


_LINES = pytest.StashKey[list[str]]()


@pytest.fixture
def report(request):
    """Print a line at the end of the run, for goals whose figures are to be seen: ``report("12 of 12")``."""
    return request.config.stash.setdefault(_LINES, []).append


def pytest_terminal_summary(terminalreporter, config):
    if lines := config.stash.get(_LINES, None):
        terminalreporter.section("measured")
        for line in lines:
            terminalreporter.write_line(line)
