"""A hundred calls behind a balancer: one server is stopped, the other killed, Redis goes."""

import asyncio
import contextlib
import secrets
import signal
import time
import uuid

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

import phonewire
from phonewire.auth import sign_audiohook
from phonewire.emulators.twilio import TwilioCaller

from .conftest import KEY, SECRET, SPEECH

CALLS = 100


async def until(condition, seconds=30):
    async with asyncio.timeout(seconds):
        while not await asyncio.to_thread(condition):  # noqa: ASYNC110 - of other processes, which tell nobody
            await asyncio.sleep(0.05)


async def is_heard(phone):
    """Speak, and say whether it comes back."""
    before = len(phone.heard)
    with contextlib.suppress(TimeoutError, phonewire.PhonewireError, OSError):
        async with asyncio.timeout(10):
            await phone.say(SPEECH)
            while SPEECH not in phone.heard[before:]:
                if phone.close_code is not None:
                    return False
                await phone.listen(0.02)
            return True
    return False


async def test_calls_outlive_a_server_that_is_stopped_and_those_of_a_dead_one_are_told(nodes, redis, balancer):
    a, b = nodes
    url = balancer("haproxy") + "/twilio"
    async with contextlib.AsyncExitStack() as stack, phonewire.RedisCluster(redis[0], "operator") as cluster:
        phones = [await stack.enter_async_context(TwilioCaller(url)) for _ in range(CALLS)]
        assert all(await asyncio.gather(*map(is_heard, phones)))
        at = {phone: await cluster.where(phone.call_sid) for phone in phones}
        assert (a.calls, b.calls) == (50, 50), "the server with the fewest gets the next"
        assert sorted(at.values()) == ["a"] * 50 + ["b"] * 50

        other = next(phone for phone, node in at.items() if node == "b")
        assert await cluster.play(other.call_sid, "hello.wav")

        a.send_signal(signal.SIGTERM)  # a deploy
        await until(lambda: a.page("/readyz")[0] == 503)
        late = await stack.enter_async_context(TwilioCaller(url))
        assert await is_heard(late)
        assert await cluster.where(late.call_sid) == "b"
        assert all(await asyncio.gather(*(is_heard(phone) for phone in phones if at[phone] == "a"))), "they go on"

        killed = b.calls
        b.send_signal(signal.SIGKILL)
        dead = [phone for phone in [*phones, late] if phone is late or at[phone] == "b"]
        await until(lambda: all(phone.close_code is not None for phone in dead))
        lost = [phone for phone in [*phones, late] if phone.close_code is not None]
        print(f"\ncalls that were lost with the killed server: {len(lost)}; that it had: {killed}; placed: {CALLS + 1}")
        assert set(lost) == set(dead)
        assert killed == len(lost) == 51

        going_on = [phone for phone in phones if phone.close_code is None]
        redis[1].kill()
        assert all(await asyncio.gather(*map(is_heard, going_on))), "calls need no Redis"
        with pytest.raises(phonewire.SharedStoreError):
            await cluster.where(late.call_sid)
        for phone in going_on:
            await phone.hang_up()
        assert await asyncio.to_thread(a.process.wait, 30) == 0, "when the last call has ended, so does the server"


def signed(authority):
    """Return the headers of a handshake that Genesys has just signed."""
    headers = {
        "Audiohook-Organization-Id": "d7934305-0972-4844-938e-9060eef73d05",
        "Audiohook-Correlation-Id": "e160e428-53e2-487c-977d-96989bf5c99d",
        "Audiohook-Session-Id": str(uuid.uuid4()),
        "X-API-KEY": KEY,
    }
    nonce, now_s = secrets.token_urlsafe(16), int(time.time())
    return headers | sign_audiohook(
        KEY, SECRET, authority=authority, target="/audiohook", headers=headers, nonce=nonce, created_s=now_s
    )


async def status_of(node, headers):
    try:
        async with connect(f"ws://127.0.0.1:{node.port}/audiohook", additional_headers=headers):
            return 101
    except InvalidStatus as error:
        return error.response.status_code


async def test_a_copied_handshake_is_refused_by_the_other_server_and_every_one_without_redis(nodes, redis):
    a, b = nodes
    headers = signed("calls.example.com")
    assert await status_of(a, headers) == 101
    assert await status_of(b, headers) == 401
    redis[1].kill()
    redis[1].wait()
    assert await status_of(b, signed("calls.example.com")) == 503
    assert (b.refused("unauthenticated"), b.refused("no_shared_store")) == (1, 1)


async def test_nginx_places_calls_and_lets_those_of_a_server_that_is_stopped_go_on(nodes, balancer):
    a, b = nodes
    url = balancer("nginx") + "/twilio"
    async with contextlib.AsyncExitStack() as stack:
        phones = [await stack.enter_async_context(TwilioCaller(url)) for _ in range(20)]
        assert all(await asyncio.gather(*map(is_heard, phones)))
        assert (a.calls, b.calls) == (10, 10)
        a.send_signal(signal.SIGTERM)  # a deploy, which nginx does not ask after
        await until(lambda: a.page("/readyz")[0] == 503)
        late = [await stack.enter_async_context(TwilioCaller(url)) for _ in range(4)]
        assert all(await asyncio.gather(*map(is_heard, [*late, *phones]))), "new ones are taken, and all others go on"
        assert (a.calls, b.calls) == (10, 14)
        for phone in phones:
            assert phone.close_code is None
            await phone.hang_up()
        assert await asyncio.to_thread(a.process.wait, 30) == 0, "when the last call has ended, so does the server"
        assert all(await asyncio.gather(*map(is_heard, late)))
        assert b.calls == 4
