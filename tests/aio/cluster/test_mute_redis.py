"""A Redis that takes connections and says nothing, or nothing more, on the fake clock: calls go on all the same."""

import asyncio
import contextlib
import time
from types import SimpleNamespace

import pytest
from redis.asyncio import Redis

import phonewire
from phonewire.auth import Verified
from phonewire.emulators.twilio import TwilioCaller
from phonewire.errors import SharedStoreError

SPEECH = bytes(range(0x60)) * 10  # 120 ms


class Signed:
    def verify(self, request, now_s):
        return Verified("key", nonce="nonce", expires_s=now_s + 60)


async def echo(call):
    async for frame in call.frames():
        await call.write_payload(frame.payload)


def now_s():
    return asyncio.get_running_loop().time()


@contextlib.asynccontextmanager
async def mute():
    """Listen; the URL, and the connections that are open."""
    connections = set()

    async def take(reader, writer):
        connections.add(writer)
        with contextlib.suppress(ConnectionError):
            await reader.read(-1)
        connections.discard(writer)
        writer.close()

    async with await asyncio.start_server(take, "127.0.0.1", 0) as server:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}", connections


@pytest.mark.parametrize("limit_s", [None, 0.3])
def test_a_signed_handshake_is_told_503_before_its_time_is_over(virtual, limit_s):
    async def main():
        limit = {} if limit_s is None else {"limit_s": limit_s}
        async with mute() as (url, connections), Redis.from_url(url) as redis:
            nonces = phonewire.RedisNonces(redis, **limit)
            endpoint = phonewire.Endpoint("/twilio", "twilio", auth=Signed(), nonces=nonces)
            async with phonewire.serve(echo, endpoints=[endpoint]) as server:
                began_s = now_s()
                for _ in range(3):
                    with pytest.raises(phonewire.HandshakeError) as refused:
                        async with phonewire.connect(server.url + "/twilio", protocol="twilio"):
                            pass
                    assert refused.value.status == 503
                assert now_s() - began_s == pytest.approx(3 * (limit_s or 2), abs=0.1)
                assert server.refused == {phonewire.Refusal.NO_SHARED_STORE: 3}
            await asyncio.sleep(0.1)
            assert len(connections) <= 1, "one for each question that has no answer would be too many"

    virtual(main())


def test_calls_go_on_and_who_asks_for_others_is_told(virtual):
    async def main():
        endpoint = phonewire.Endpoint("/twilio", "twilio", auth=None)
        async with mute() as (url, connections):
            cluster = await phonewire.RedisCluster(url, "a").__aenter__()
            async with (
                phonewire.serve(echo, endpoints=[endpoint], cluster=cluster) as server,
                TwilioCaller(server.url + "/twilio", call_sid="CA1") as phone,
            ):
                for ask in (cluster.where("CA2"), cluster.hang_up("CA2"), cluster.play("CA2", "hello.wav")):
                    began_s = now_s()
                    with pytest.raises(SharedStoreError, match="Redis does not answer"):
                        await ask
                    assert now_s() - began_s == pytest.approx(2)
                with pytest.raises(SharedStoreError):
                    await cluster.nonces.add("key nonce", time.time() + 60)
                await phone.say(SPEECH)
                await phone.listen(1)
                assert SPEECH in phone.heard
                assert await cluster.where("CA1") == "a"
                assert await cluster.hang_up("CA1")
                await phone.listen(1)
                assert phone.close_code == 1000
            began_s = now_s()
            await cluster.__aexit__(None, None, None)
            assert now_s() - began_s < 1, "less than a server is given for its end"
            await asyncio.sleep(0.1)
            assert not connections

    virtual(main())


def own_tasks():
    return [task for task in asyncio.all_tasks() if task.get_coro().__qualname__.startswith("RedisCluster.")]


@pytest.mark.parametrize("turns", range(6))
def test_nothing_goes_on_of_a_cluster_whose_begin_or_end_is_cancelled(virtual, turns):
    async def main():
        async with mute() as (url, connections):
            for verb in ("__aenter__", "__aexit__"):
                cluster = phonewire.RedisCluster(url, "a")
                if verb == "__aexit__":
                    await cluster.__aenter__()
                going = asyncio.create_task(getattr(cluster, verb)(*[None] * 3 * (verb == "__aexit__")))
                for _ in range(turns + 1):
                    await asyncio.sleep(0)
                going.cancel()
                await asyncio.wait([going])
                await asyncio.sleep(1)
                assert own_tasks() == []
                assert not connections

    virtual(main())


def test_calls_that_are_over_are_not_kept_for_redis_without_end(virtual):
    async def main():
        async with mute() as (url, _), phonewire.RedisCluster(url, "a") as cluster:
            cluster.entered(SimpleNamespace(id="goes on"))
            for number in range(20_000):
                call = SimpleNamespace(id=f"CA{number}")
                cluster.entered(call)
                cluster.left(call)
            await asyncio.sleep(30)
        assert cluster._changed == {"goes on"}, "of which Redis was not told"
        await asyncio.sleep(0.1)

    virtual(main())


class SmallRedis:
    """What a Redis is to who takes orders: it knows of subscriptions, and says that it is there when it is asked."""

    def __init__(self):
        self.subscriptions = self.pings = 0
        self._answered = set()

    def forget(self):
        """Say nothing more on the connections that there are, as when something between has forgotten them."""
        self._answered.clear()

    async def take(self, reader, writer):
        self._answered.add(writer)
        while count := (await reader.readline())[1:]:
            words = [await self._word(reader) for _ in range(int(count))]
            if writer in self._answered:
                writer.write(self._answer(words))
        writer.close()

    async def _word(self, reader):
        length = int((await reader.readline())[1:])
        return (await reader.readexactly(length + 2))[:-2]

    def _answer(self, words):
        if words[0] == b"SUBSCRIBE":
            self.subscriptions += 1
            return b"*3\r\n$9\r\nsubscribe\r\n$%d\r\n%s\r\n:1\r\n" % (len(words[1]), words[1])
        if words[0] == b"PING":
            self.pings += 1
            return b"*2\r\n$4\r\npong\r\n$0\r\n\r\n"
        return b"+OK\r\n"


def test_orders_are_waited_for_anew_where_nothing_comes_any_more(virtual):
    async def main():
        small = SmallRedis()
        async with await asyncio.start_server(small.take, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            cluster = await phonewire.RedisCluster(f"redis://127.0.0.1:{port}?protocol=2", "a").__aenter__()
            await asyncio.sleep(60)
            assert small.subscriptions == 1, "without orders, too, Redis is there"
            assert small.pings >= 10
            for times in (2, 3):
                small.forget()
                await asyncio.sleep(12)
                assert small.subscriptions == times
            await cluster.__aexit__(None, None, None)
            await asyncio.sleep(0.1)

    virtual(main())
