"""Servers that find each other through Redis: nonces, where calls are, orders, and a Redis that goes."""

import asyncio
import contextlib
import time
import uuid

import pytest
from redis.asyncio import Redis

import phonewire
from phonewire.emulators.twilio import TwilioCaller
from phonewire.errors import SharedStoreError
from phonewire.wav import WavInfo, WavWriter
from tests.aio.cluster.conftest import free_port

SPEECH = bytes(range(0x60)) * 10  # 120 ms


@pytest.fixture
def prefix():
    return f"test-{uuid.uuid4()}"


@pytest.fixture
def prompts(tmp_path):
    folder = tmp_path / "prompts"
    folder.mkdir()
    with WavWriter(folder / "hello.wav", WavInfo("ulaw", 8000, 1)) as writer:
        writer.write(SPEECH)
    (tmp_path / "secret.wav").write_bytes((folder / "hello.wav").read_bytes())
    return folder


async def wait(call):
    await call.wait_ended()


def serving(cluster):
    return phonewire.serve(wait, endpoints=[phonewire.Endpoint("/twilio", "twilio", auth=None)], cluster=cluster)


async def until(ask, expected):
    async with asyncio.timeout(20):
        while await ask() != expected:  # noqa: ASYNC110 - of another process, which tells nobody
            await asyncio.sleep(0.01)


async def test_a_nonce_is_good_once_whoever_asks(redis_url, prefix):
    async with Redis.from_url(redis_url) as one, Redis.from_url(redis_url) as other:
        stores = [phonewire.RedisNonces(one, prefix), phonewire.RedisNonces(other, prefix)]
        soon_s = time.time() + 60
        answers = await asyncio.gather(*(stores[n % 2].add("key nonce", soon_s) for n in range(50)))
        assert answers.count(True) == 1
        assert await stores[0].add("key another", soon_s)
        assert await stores[1].add("x" * 10_000, float("inf"))
        assert not await stores[0].add("x" * 10_000, float("inf"))
        keys = [key async for key in one.scan_iter(f"{prefix}:*")]
        assert len(keys) == 3
        assert max(map(len, keys)) < 200
        assert all([0 < await one.ttl(key) <= 86_400 for key in keys])


async def test_a_nonce_whose_signature_is_too_old_is_forgotten(redis_url, prefix):
    async with Redis.from_url(redis_url) as redis:
        await phonewire.RedisNonces(redis, prefix).add("key nonce", time.time() - 100)
        assert [key async for key in redis.scan_iter(f"{prefix}:*")] == []


async def test_any_node_finds_a_call_plays_to_it_and_hangs_it_up(redis_url, prefix, prompts):
    async with (
        phonewire.RedisCluster(redis_url, "a", prompts=prompts, prefix=prefix) as a,
        phonewire.RedisCluster(redis_url, "b", prefix=prefix) as b,
        serving(a) as server,
        TwilioCaller(server.url + "/twilio", call_sid="CA1") as phone,
    ):
        await until(lambda: b.where("CA1"), "a")
        assert await a.where("CA1") == "a"
        assert await b.where("CA2") is None
        assert not await b.play("CA1", "nothing.wav")
        assert not await b.play("CA1", "../secret.wav")
        assert not await b.play("CA2", "hello.wav")
        assert await b.play("CA1", "hello.wav")
        async with asyncio.timeout(20):
            while SPEECH not in phone.heard:
                await phone.listen(0.02)
        assert not await b.hang_up("CA2")
        assert await b.hang_up("CA1")
        await until(lambda: b.where("CA1"), None)


async def test_a_node_that_died_has_no_calls_after_its_entries_have_expired(redis_url, prefix):
    async with (
        phonewire.RedisCluster(redis_url, "a", prefix=prefix) as a,
        serving(a) as server,
        TwilioCaller(server.url + "/twilio", call_sid="CA1"),
        Redis.from_url(redis_url) as redis,
    ):
        await until(lambda: redis.get(f"{prefix}:call:CA1"), b"a")
        assert 0 < await redis.ttl(f"{prefix}:call:CA1") <= 30


async def test_an_entry_is_written_again_also_while_others_come_and_go(redis_url, prefix, monkeypatch):
    monkeypatch.setattr("phonewire.aio.cluster.redis._REFRESH_S", 0.3)
    async with (
        phonewire.RedisCluster(redis_url, "a", prefix=prefix) as a,
        serving(a) as server,
        TwilioCaller(server.url + "/twilio", call_sid="CA1"),
        Redis.from_url(redis_url) as redis,
    ):
        await until(lambda: redis.get(f"{prefix}:call:CA1"), b"a")
        await redis.delete(f"{prefix}:call:CA1")
        async with asyncio.timeout(20):
            while await redis.get(f"{prefix}:call:CA1") is None:
                async with TwilioCaller(server.url + "/twilio"):
                    pass


async def test_it_ends_though_a_cancellation_is_forgotten(redis_url, prefix, monkeypatch):
    # As Python 3.11's `wait_for` has it, when what it waits for is done in the same turn of the loop.
    writing, forgotten = asyncio.Event(), asyncio.Event()

    async def forget():
        if not forgotten.is_set():
            writing.set()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(20)
            forgotten.set()

    cluster = await phonewire.RedisCluster(redis_url, "a", prefix=prefix).__aenter__()
    monkeypatch.setattr(cluster, "_write", forget)
    cluster._wake.set()
    await writing.wait()
    async with asyncio.timeout(10):
        await cluster.__aexit__(None, None, None)
    assert forgotten.is_set()
    assert all(task.done() for task in cluster._tasks)


async def test_who_is_asked_for_a_node_that_died_says_no(redis_url, prefix):
    async with phonewire.RedisCluster(redis_url, "b", prefix=prefix) as b, Redis.from_url(redis_url) as redis:
        await redis.set(f"{prefix}:call:CA1", "dead")
        assert not await b.hang_up("CA1")


async def test_what_is_no_order_is_not_obeyed(redis_url, prefix, caplog):
    async def told():
        return caplog.text.count("an order from Redis is none")

    async with phonewire.RedisCluster(redis_url, "a", prefix=prefix) as a, Redis.from_url(redis_url) as redis:
        for order in (b"", b"{}", b"\xff", b'{"verb": 1}', b'["hang_up"]'):
            assert await redis.publish(f"{prefix}:node:a", order) == 1
        await until(told, 5)
        assert await a.where("CA1") is None


async def test_calls_go_on_without_redis_and_are_told_again_when_it_is_back(start_redis, prefix):
    port = free_port()
    with start_redis(port):
        cluster = phonewire.RedisCluster(f"redis://127.0.0.1:{port}", "a", prefix=prefix)
        await cluster.__aenter__()
    try:
        async with serving(cluster) as server, TwilioCaller(server.url + "/twilio", call_sid="CA1") as phone:
            with pytest.raises(SharedStoreError, match="Redis does not answer"):
                await cluster.where("CA2")
            with pytest.raises(SharedStoreError):
                await cluster.nonces.add("key nonce", time.time() + 60)
            assert await cluster.where("CA1") == "a"
            await phone.say(SPEECH)
            with start_redis(port):
                async with Redis.from_url(f"redis://127.0.0.1:{port}") as redis:
                    await until(lambda: redis.get(f"{prefix}:call:CA1"), b"a")
                    await until(lambda: redis.pubsub_numsub(f"{prefix}:node:a"), [(f"{prefix}:node:a".encode(), 1)])
                    await cluster.__aexit__(None, None, None)
    finally:
        await cluster.__aexit__(None, None, None)


async def test_a_signed_handshake_is_refused_while_there_is_no_redis():
    cluster = phonewire.RedisCluster(f"redis://127.0.0.1:{free_port()}", "a")

    class Signed:
        def verify(self, request, now_s):
            from phonewire.auth import Verified

            return Verified("key", nonce="nonce", expires_s=now_s + 60)

    endpoint = phonewire.Endpoint("/twilio", "twilio", auth=Signed(), nonces=cluster.nonces)
    async with phonewire.serve(wait, endpoints=[endpoint]) as server:
        with pytest.raises(phonewire.HandshakeError) as refused:
            async with phonewire.connect(server.url + "/twilio", protocol="twilio"):
                pass
        assert refused.value.status == 503
        assert server.refused == {phonewire.Refusal.NO_SHARED_STORE: 1}
    await cluster.__aexit__(None, None, None)
