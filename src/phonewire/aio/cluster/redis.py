"""A cluster whose servers find each other through Redis. Needs the extra ``redis``."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import msgspec

try:
    from redis.asyncio import Redis
    from redis.asyncio.client import PubSub
    from redis.exceptions import RedisError
except ImportError as error:
    raise ImportError("a cluster needs redis: pip install 'phonewire[redis]'") from error

from phonewire._bounds import check_above_0
from phonewire.aio.call.call import Call
from phonewire.aio.cluster.local import LocalCluster
from phonewire.errors import SharedStoreError

__all__ = ["RedisCluster", "RedisNonces"]

_log = logging.getLogger("phonewire.cluster")

_ENTRY_S = 30  # after that a call of a node that has died is at no node any more
_REFRESH_S = 10.0
_RETRY_S = 1.0
_ANSWER_S = 2.0  # for Redis to answer: who waits for it has 5 s for the whole handshake
_ORDER_S = 5.0  # for another node to answer
_LAST_S = 0.5  # for Redis to be told at the end that no call is here: entries expire anyway
_MOST_UNTOLD = 10_000  # calls that are over, of which Redis could not be told
_LONGEST_NONCE_S = 86_400  # of signatures that never expire
_LONGEST_KEY = 128
_AGAIN_S = 0.1  # for a task to end that was cancelled

# Deletes what is still this node's: the call may have gone on at another one.
_FORGET = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


class _Order(msgspec.Struct):
    """What a node asks another one to do.

    Attributes:
        verb: ``"hang_up"`` or ``"play"``.
        call_id: of the call.
        prompt: to be played.
        reply: the list that waits for the answer.
    """

    verb: str
    call_id: str
    prompt: str
    reply: str


class RedisNonces:
    """Nonces that several servers remember together; a `NonceStore`.

    Args:
        redis: an asyncio client.
        prefix: of its keys.
        limit_s: for Redis to answer; less than `Limits.handshake_s`, so that a peer is told why (503).

    Raises:
        ValueError: *limit_s* is not above 0.
    """

    def __init__(self, redis: Redis, prefix: str = "phonewire", limit_s: float = _ANSWER_S) -> None:
        check_above_0(limit_s=limit_s)
        self._redis = redis
        self._prefix = prefix
        self._limit_s = limit_s

    async def add(self, nonce: str, expires_s: float) -> bool:
        """Remember a nonce; False when it has been there.

        Raises:
            SharedStoreError: Redis does not answer in time.
        """
        key = f"{self._prefix}:nonce:{_short(nonce)}"
        async with _asking(self._limit_s):
            if math.isinf(expires_s):
                return bool(await self._redis.set(key, 1, nx=True, ex=_LONGEST_NONCE_S))
            return bool(await self._redis.set(key, 1, nx=True, exat=math.ceil(expires_s) + 1))


class RedisCluster(LocalCluster):
    """A `Cluster` of several processes, on one machine or more. Use it as an async context manager, around its servers.

    Redis has to be one that only these servers reach: who writes to it gives them orders. While it cannot be reached
    calls go on, what is asked of the cluster raises `SharedStoreError`, and handshakes whose nonces it should remember
    are refused (`Refusal.NO_SHARED_STORE`).

    Args:
        url: of Redis, as in ``"redis://10.0.0.5:6379/0"``.
        node: name of this process, which no other has; by default a new one.
        prompts: folder of what others may have this node play; None for nothing.
        prefix: of all keys and channels.
    """

    def __init__(
        self, url: str, node: str | None = None, *, prompts: Path | None = None, prefix: str = "phonewire"
    ) -> None:
        super().__init__(node or str(uuid4()), prompts=prompts)
        self._redis: Redis = Redis.from_url(url, socket_timeout=2 * _ORDER_S, socket_connect_timeout=_ORDER_S)
        self._prefix = prefix
        self.nonces = RedisNonces(self._redis, prefix)
        self._changed: set[str] = set()
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        listening = asyncio.Event()
        self._tasks = [asyncio.create_task(self._tell()), asyncio.create_task(self._take_orders(listening))]
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(_ORDER_S):
                    await listening.wait()
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()  # also when this is cancelled before it waits for them
        try:
            await asyncio.gather(*map(_end, self._tasks))
            with suppress(RedisError, OSError):
                async with asyncio.timeout(_LAST_S):
                    await self._write()
        finally:
            await self._redis.aclose()

    def entered(self, call: Call) -> None:
        """Take note of a call that begins here; never waits."""
        super().entered(call)
        self._note(call.id)

    def left(self, call: Call) -> None:
        """Take note that it is over; never waits."""
        super().left(call)
        self._note(call.id)

    async def where(self, call_id: str) -> str | None:
        """Return the node that a call is at; None when there is no such call.

        Raises:
            SharedStoreError: Redis does not answer.
        """
        if call_id in self._calls:
            return self.node
        async with _asking(_ANSWER_S):
            found: Any = await self._redis.get(self._key(call_id))
            return None if found is None else str(found, "utf-8")

    async def hang_up(self, call_id: str) -> bool:
        """End a call with its protocol's goodbye, wherever it is; False when there is no such call.

        Raises:
            SharedStoreError: Redis does not answer.
        """
        if call_id in self._calls:
            return await super().hang_up(call_id)
        return await self._ask("hang_up", call_id)

    async def play(self, call_id: str, prompt: str) -> bool:
        """Begin to play a file to a call, wherever it is; False when there is no such call, or no such prompt there.

        Raises:
            SharedStoreError: Redis does not answer.
        """
        if call_id in self._calls:
            return await super().play(call_id, prompt)
        return await self._ask("play", call_id, prompt)

    # Where calls are

    def _key(self, call_id: str) -> str:
        return f"{self._prefix}:call:{_short(call_id)}"

    def _note(self, call_id: str) -> None:
        self._changed.add(call_id)
        self._wake.set()

    async def _tell(self) -> None:
        """Keep Redis informed: of what changes, and again and again of what it would forget, or has missed."""
        now_s = asyncio.get_running_loop().time
        refresh_s = now_s() + _REFRESH_S
        while True:
            self._wake.clear()
            try:
                await self._write()
            except (RedisError, OSError) as error:
                _log.warning("Redis cannot be reached, calls go on: %s", type(error).__name__)
                if len(self._changed) > _MOST_UNTOLD:
                    self._changed &= self._calls.keys()  # the entries of all others expire
                await asyncio.sleep(_RETRY_S)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout_at(refresh_s):
                    await self._wake.wait()
            if now_s() >= refresh_s:
                refresh_s = now_s() + _REFRESH_S
                self._changed.update(self._calls)

    async def _write(self) -> None:
        changed, self._changed = self._changed, set()
        if not changed:
            return
        try:
            async with self._redis.pipeline(transaction=False) as writing:
                for call_id in changed:
                    if call_id in self._calls:
                        writing.set(self._key(call_id), self.node, ex=_ENTRY_S)
                    else:
                        writing.eval(_FORGET, 1, self._key(call_id), self.node)
                await writing.execute()
        except BaseException:
            self._changed |= changed
            raise

    # Orders

    async def _ask(self, verb: str, call_id: str, prompt: str = "") -> bool:
        node = await self.where(call_id)
        if node is None:
            return False
        order = _Order(verb, call_id, prompt, f"{self._prefix}:reply:{uuid4()}")
        async with _asking(_ANSWER_S + _ORDER_S):
            if not await self._redis.publish(self._channel(node), msgspec.json.encode(order)):
                return False  # it has died
            answer: Any = await self._redis.blpop([order.reply], timeout=_ORDER_S)
        return answer is not None and answer[1] == b"done"

    def _channel(self, node: str) -> str:
        return f"{self._prefix}:node:{node}"

    async def _take_orders(self, listening: asyncio.Event) -> None:
        while True:
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=True) as orders:
                    await orders.subscribe(self._channel(self.node))
                    listening.set()
                    await self._listen(orders)
            except (RedisError, OSError):
                await asyncio.sleep(_RETRY_S)

    async def _listen(self, orders: PubSub) -> None:
        """Obey until Redis says nothing even when it is asked: a connection that was cut on its way does not tell."""
        asked = False
        while True:
            message = await orders.get_message(timeout=_ORDER_S)
            if message is None and asked:
                return
            if asked := message is None:
                await orders.ping()
            elif message["type"] == "message":
                await self._obey(message["data"])

    async def _obey(self, message: bytes) -> None:
        try:
            order = msgspec.json.decode(message, type=_Order)
        except (msgspec.DecodeError, UnicodeDecodeError):
            _log.warning("an order from Redis is none")
            return
        if order.verb == "play":
            done = await LocalCluster.play(self, order.call_id, order.prompt)
        else:
            done = await LocalCluster.hang_up(self, order.call_id)
        async with self._redis.pipeline(transaction=False) as replying:
            replying.rpush(order.reply, "done" if done else "no")
            replying.expire(order.reply, round(_ORDER_S))
            await replying.execute()


async def _end(task: asyncio.Task[None]) -> None:
    """Cancel a task until it ends: in Python 3.11 `asyncio.wait_for`, which redis-py writes in, can forget it."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=_AGAIN_S)


@asynccontextmanager
async def _asking(limit_s: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(limit_s):
            yield
    except (RedisError, OSError) as error:
        raise SharedStoreError(f"Redis does not answer: {type(error).__name__}") from None


def _short(name: str) -> str:
    """Return what stands for a name that a peer has chosen: as long as a key may be."""
    return name if len(name) <= _LONGEST_KEY else hashlib.sha256(name.encode()).hexdigest()
