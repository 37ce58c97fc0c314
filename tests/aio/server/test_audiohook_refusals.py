"""Who is let into no AudioHook call, and how he learns it: by a status, or in the protocol's own words."""

import asyncio
import contextlib

import pytest
from websockets.exceptions import InvalidStatus

import phonewire
from phonewire import Endpoint, Refusal
from phonewire.auth import AudioHookSignature
from phonewire.emulators.clock import FakeClockLoop
from phonewire.emulators.genesys import GenesysCaller
from phonewire.protocols import audiohook as ah

pytestmark = pytest.mark.usefixtures("tls")

KEY, SECRET = "the-key", "dGhlIGNsaWVudCdzIHNlY3JldA=="
UNAUTHORIZED = [ah.Disconnect("unauthorized")]


@pytest.fixture
def run():
    """Run a coroutine on a clock that jumps from timer to timer, with a network in memory."""
    with asyncio.Runner(loop_factory=FakeClockLoop) as runner:
        yield runner.run


async def nobody(_call):
    raise AssertionError("this is no call")


@contextlib.asynccontextmanager
async def serving(*, limits=None, **options):
    options = {"auth": AudioHookSignature({KEY: SECRET}), "refuse_with": "disconnect"} | options
    endpoints = [Endpoint("/audiohook", "audiohook", **options)]
    limits = limits or phonewire.Limits()
    async with phonewire.serve(nobody, endpoints=endpoints, limits=limits) as server:
        yield server, server.url + "/audiohook"
        assert server.handler_errors == 0


def genesys(url, **options):
    return GenesysCaller(url, **{"api_key": KEY, "client_secret": "b3RoZXI="} | options)


def now_s():
    return asyncio.get_running_loop().time()


async def counted(server, refused):
    while server.refused != refused:  # noqa: ASYNC110 - the server tells nobody when it has seen the end
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("change", [{}, {"api_key": "other"}, {"api_key": None}, {"client_secret": None}])
def test_a_disconnect_says_that_somebody_is_not_authentic_and_genesys_closes(run, change):
    async def main():
        began_s = now_s()
        async with serving() as (server, url), genesys(url, **change) as caller:
            await caller.wait_closed()
            assert 0.5 <= now_s() - began_s < 0.6
            assert caller.heard_of(ah.Disconnect) == UNAUTHORIZED
            assert not caller.heard_of(ah.Opened)
            assert caller.heard_of(ah.Closed)
            assert caller.close_code == 1000
            await counted(server, {Refusal.UNAUTHENTICATED: 1})

    run(main())


def test_a_copy_of_a_handshake_is_told_so_too(run):
    async def main():
        async with serving(handler=lambda call: call.wait_ended()) as (server, url):
            original = genesys(url, client_secret=SECRET)
            copied = original._handshake()
            original._headers = copied
            copy = GenesysCaller(url, headers=copied)
            copy._connection.session_id = original.session_id
            async with original:
                assert original.heard_of(ah.Opened)
                async with copy:
                    await copy.wait_closed()
            assert copy.heard_of(ah.Disconnect) == UNAUTHORIZED
            await counted(server, {Refusal.UNAUTHENTICATED: 1})

    run(main())


def test_who_does_not_close_is_left_after_4_s(run):
    async def main():
        async with serving() as (server, url):
            caller = genesys(url)
            caller._connection.receive = lambda data, *, text, now_ns: []  # it is deaf
            began_s = now_s()
            entering = asyncio.create_task(caller.__aenter__())
            await counted(server, {Refusal.UNAUTHENTICATED: 1})
            assert 4.4 < now_s() - began_s < 4.8
            await entering
            await caller.wait_closed()

    run(main())


def test_strangers_count_until_they_are_gone_so_that_there_are_never_many(run):
    async def main():
        limits = phonewire.Limits(unauthenticated_per_address=5)
        async with serving(limits=limits) as (server, url):
            strangers = [genesys(url) for _ in range(40)]
            outcomes = await asyncio.gather(*(one.__aenter__() for one in strangers), return_exceptions=True)
            taken = [one for one in outcomes if isinstance(one, GenesysCaller)]
            assert len(taken) == 5
            assert {one.response.status_code for one in outcomes if isinstance(one, InvalidStatus)} == {503}
            await asyncio.gather(*(one.wait_closed() for one in taken))
            assert all(one.heard_of(ah.Disconnect) == UNAUTHORIZED for one in taken)
            await counted(server, {Refusal.UNAUTHENTICATED: 5, Refusal.TOO_MANY_FROM_ADDRESS: 35})
            async with genesys(url) as later:  # there is room again
                await later.wait_closed()
            assert later.heard_of(ah.Disconnect) == UNAUTHORIZED

    run(main())


def test_a_call_that_nobody_expects_is_told_by_a_disconnect(run):
    async def main():
        async with serving(auth=None, refuse_with="status", call_ids=[]) as (server, url):
            async with genesys(url) as caller:
                await caller.wait_closed()
            assert caller.heard_of(ah.Disconnect) == [ah.Disconnect("error", "this call is not expected")]
            assert caller.close_code == 1000
            await counted(server, {Refusal.UNEXPECTED_CALL: 1})

    run(main())


def test_only_audiohook_has_words_for_it():
    with pytest.raises(ValueError, match="only AudioHook can refuse with a disconnect, got twilio"):
        Endpoint("/twilio", "twilio", auth=None, refuse_with="disconnect")
    with pytest.raises(ValueError, match="'status' or 'disconnect', got '401'"):
        Endpoint("/audiohook", "audiohook", auth=None, refuse_with="401")
