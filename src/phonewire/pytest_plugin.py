"""Fixtures that give a bot a far end, on a fake clock: a call takes milliseconds, and every run is the same run.

::

    @pytest.fixture
    def phonewire_handler():
        return bot  # async def bot(call): ...

    async def test_bot(twilio_caller):
        await twilio_caller.say("hello.wav")
        heard = await twilio_caller.listen(seconds=2)

An async test that asks for one of these fixtures is run here, with pytest-asyncio (in either mode), with another plugin
or with none. Nothing but pytest is imported before a fixture is used.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:
    import asyncio

    from phonewire import AudioSocketServer, Endpoint, Server
    from phonewire.aio.server.endpoint import Handler
    from phonewire.emulators.asterisk import AsteriskCaller
    from phonewire.emulators.clock import FakeClockLoop
    from phonewire.emulators.das_peak import DasPeakSender
    from phonewire.emulators.das_peak_service import DasPeakService
    from phonewire.emulators.genesys import GenesysCaller
    from phonewire.emulators.twilio import TwilioCaller
    from phonewire.emulators.voipbin import VoipbinCall, VoipbinConference

__all__ = [
    "asterisk_caller",
    "das_peak_sender",
    "das_peak_service",
    "genesys_bot_caller",
    "genesys_caller",
    "phonewire_audiosocket_server",
    "phonewire_clock",
    "phonewire_endpoints",
    "phonewire_handler",
    "phonewire_server",
    "twilio_caller",
    "voipbin_call",
    "voipbin_conference",
    "voipbin_wire",
]

T = TypeVar("T")

_TWILIO, _DAS_PEAK = "/twilio", "/daspeak-stream/v1/twilio"
_AUDIOHOOK, _AUDIO_CONNECTOR = "/audiohook", "/audiohook-connector"


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run an async test on the fake clock if it uses that; leave all others to whom they concern."""
    runner: Any = pyfuncitem.funcargs.get("_phonewire_runner")
    # pytest-asyncio wraps the test, so that a loop of its own runs it.
    test = inspect.unwrap(pyfuncitem.obj, stop=inspect.iscoroutinefunction)
    if runner is None or not inspect.iscoroutinefunction(test):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    runner.run(test(**arguments))
    return True


# The clock


@pytest.fixture
def _phonewire_runner() -> Iterator[asyncio.Runner]:
    import asyncio

    from phonewire.emulators.clock import FakeClockLoop

    with asyncio.Runner(loop_factory=FakeClockLoop) as runner:
        yield runner


@pytest.fixture
def phonewire_clock(_phonewire_runner: asyncio.Runner) -> FakeClockLoop:
    """The event loop of the test: ``time()`` reads its clock, ``stall(seconds)`` blocks it, ``limit_s`` bounds it."""
    from phonewire.emulators.clock import FakeClockLoop

    loop = _phonewire_runner.get_loop()
    assert isinstance(loop, FakeClockLoop)  # noqa: S101 - the runner makes no other
    return loop


@contextmanager
def _entered(runner: asyncio.Runner, manager: AbstractAsyncContextManager[T]) -> Iterator[T]:
    """Be in an async context manager on the fake clock."""
    entered = runner.run(_enter(manager))
    try:
        yield entered
    finally:
        runner.run(_leave(manager))


async def _enter(manager: AbstractAsyncContextManager[T]) -> T:
    return await manager.__aenter__()


async def _leave(manager: AbstractAsyncContextManager[T]) -> None:
    await manager.__aexit__(None, None, None)


# The bot


@pytest.fixture
def phonewire_handler() -> Handler:
    """The bot under test: an async function that takes a `phonewire.Call`. To be overridden."""
    pytest.fail("say which bot to test: a fixture named phonewire_handler that returns it", pytrace=False)


@pytest.fixture
def phonewire_endpoints() -> list[Endpoint]:
    """Where the bot takes calls: one endpoint for each protocol, without authentication. To be overridden."""
    from phonewire import Endpoint

    paths = {
        _TWILIO: "twilio",
        _DAS_PEAK: "das-peak",
        _AUDIOHOOK: "audiohook",
        _AUDIO_CONNECTOR: "audiohook-connector",
    }
    return [Endpoint(path, protocol, auth=None) for path, protocol in paths.items()]


@pytest.fixture
def phonewire_server(
    _phonewire_runner: asyncio.Runner, phonewire_handler: Handler, phonewire_endpoints: list[Endpoint]
) -> Iterator[Server]:
    """A server on the fake clock that takes calls for the bot; fails the test when the bot has raised."""
    import phonewire

    serving = phonewire.serve(phonewire_handler, endpoints=phonewire_endpoints)
    with _entered(_phonewire_runner, serving) as server:
        yield server
    _fail_if_raised(server)


@pytest.fixture
def phonewire_audiosocket_server(
    _phonewire_runner: asyncio.Runner, phonewire_handler: Handler
) -> Iterator[AudioSocketServer]:
    """A server of AudioSocket, which takes everybody's calls for the bot; fails the test when the bot has raised."""
    import phonewire

    serving = phonewire.serve_audiosocket(phonewire_handler, call_ids=None, addresses=None)
    with _entered(_phonewire_runner, serving) as server:
        yield server
    _fail_if_raised(server)


def _fail_if_raised(server: Server | AudioSocketServer) -> None:
    if server.handler_errors:
        pytest.fail("the bot raised: the traceback is in the log", pytrace=False)


# The far ends that call the bot


@pytest.fixture
def twilio_caller(_phonewire_runner: asyncio.Runner, phonewire_server: Server) -> Iterator[TwilioCaller]:
    """Twilio, in a call with the bot: ``say``, ``press``, ``listen``, ``hang_up``, and what was ``heard``."""
    from phonewire.emulators.twilio import TwilioCaller

    with _entered(_phonewire_runner, TwilioCaller(phonewire_server.url + _TWILIO)) as caller:
        yield caller


@pytest.fixture
def das_peak_sender(phonewire_clock: FakeClockLoop, phonewire_server: Server) -> DasPeakSender:
    """das-Peak's sender, who dials with ``await das_peak_sender.send(audio)``."""
    from phonewire.emulators.das_peak import DasPeakSender

    return DasPeakSender(phonewire_server.url + _DAS_PEAK)


@pytest.fixture
def genesys_caller(_phonewire_runner: asyncio.Runner, phonewire_server: Server) -> Iterator[GenesysCaller]:
    """Genesys, which lets the bot listen to both voices (Monitor): ``say``, ``pause``, ``hang_up``, and ``events``."""
    from phonewire.emulators.genesys import GenesysCaller

    with _entered(_phonewire_runner, GenesysCaller(phonewire_server.url + _AUDIOHOOK)) as caller:
        yield caller


@pytest.fixture
def genesys_bot_caller(_phonewire_runner: asyncio.Runner, phonewire_server: Server) -> Iterator[GenesysCaller]:
    """Genesys, whose caller speaks with the bot (Audio Connector): as `genesys_caller`, and what was ``heard``."""
    from phonewire.emulators.genesys import CUSTOMER, GenesysCaller
    from phonewire.protocols import audiohook

    url = phonewire_server.url + _AUDIO_CONNECTOR
    calling = GenesysCaller(url, dialect=audiohook.CONNECTOR, media=CUSTOMER)
    with _entered(_phonewire_runner, calling) as caller:
        yield caller


@pytest.fixture
def asterisk_caller(
    _phonewire_runner: asyncio.Runner, phonewire_audiosocket_server: AudioSocketServer
) -> Iterator[AsteriskCaller]:
    """Asterisk, in an AudioSocket call with the bot: ``say``, ``press``, ``listen``, ``hang_up``, and ``heard``."""
    from phonewire.emulators.asterisk import AsteriskCaller

    calling = AsteriskCaller("127.0.0.1", phonewire_audiosocket_server.port)
    with _entered(_phonewire_runner, calling) as caller:
        yield caller


# The far ends that a program dials


@pytest.fixture
def voipbin_wire() -> str:
    """How VoIPBIN has its wire: ``"documented"``; override it for ``"tutorial"`` or ``"deployed"``."""
    return "documented"


@pytest.fixture
def voipbin_call(_phonewire_runner: asyncio.Runner, voipbin_wire: str) -> Iterator[VoipbinCall]:
    """A call at VoIPBIN, to be dialled at ``voipbin_call.url("rtp")``: ``say``, ``listen``, ``hang_up``, ``heard``."""
    from phonewire.emulators.voipbin import VoipbinCall

    with _entered(_phonewire_runner, VoipbinCall(wire=voipbin_wire)) as call:
        yield call


@pytest.fixture
def voipbin_conference(_phonewire_runner: asyncio.Runner, voipbin_wire: str) -> Iterator[VoipbinConference]:
    """A conference at VoIPBIN: as `voipbin_call`, with several people: ``say(source, who="Ann")``."""
    from phonewire.emulators.voipbin import VoipbinConference

    with _entered(_phonewire_runner, VoipbinConference(wire=voipbin_wire)) as conference:
        yield conference


@pytest.fixture
def das_peak_service(_phonewire_runner: asyncio.Runner) -> Iterator[DasPeakService]:
    """das-Peak with the apikey ``"key"``: REST at ``url``, audio at ``audio_url``; then ``heard`` and ``sessions``."""
    from phonewire.emulators.das_peak_service import DasPeakService

    with _entered(_phonewire_runner, DasPeakService(apikey="key")) as service:
        yield service
