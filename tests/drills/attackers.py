"""Peers that open connections and make no call: ``python -m tests.drills.attackers PORT MANY SECONDS``.

MANY that say nothing, MANY that drip their handshake, MANY that upgrade and only ping; each kind from addresses of its
own, as many as a server lets wait from one. They open within SECONDS. Prints when each began and ended, as JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Awaitable, Callable

__all__ = ["KINDS"]

_PER_ADDRESS = 20
_REQUEST = (
    b"GET /twilio HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
_PING = b"\x89\x80\0\0\0\0"


async def say_nothing(writer: asyncio.StreamWriter) -> None:
    """Be silent."""


async def drip(writer: asyncio.StreamWriter) -> None:
    """Send a handshake that takes a minute."""
    for byte in _REQUEST:
        writer.write(bytes([byte]))
        await asyncio.sleep(0.4)


async def ping(writer: asyncio.StreamWriter) -> None:
    """Upgrade, and never start a stream."""
    writer.write(_REQUEST)
    while True:
        await asyncio.sleep(1)
        writer.write(_PING)


KINDS: dict[str, Callable[[asyncio.StreamWriter], Awaitable[None]]] = {
    "silent": say_nothing,
    "dripping": drip,
    "ping-only": ping,
}


async def attack(port: int, address: str, kind: str, after_s: float) -> tuple[float, float]:
    """Be there until the server ends it; return from when to when, in seconds."""
    await asyncio.sleep(after_s)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
    began_s = time.monotonic()
    acting = asyncio.ensure_future(KINDS[kind](writer))
    with contextlib.suppress(ConnectionError):
        while await reader.read(65_536):
            pass
    ended_s = time.monotonic()
    acting.cancel()
    await asyncio.wait([acting])
    writer.close()
    return began_s, ended_s


async def main(port: int, many: int, within_s: float) -> dict[str, list[tuple[float, float]]]:
    """Attack with every kind at once."""
    attacks = {
        kind: [
            attack(port, f"127.{second}.{number // _PER_ADDRESS}.1", kind, within_s * number / many)
            for number in range(many)
        ]
        for second, kind in enumerate(KINDS, 1)
    }
    there = await asyncio.gather(*(one for of_kind in attacks.values() for one in of_kind))
    return {kind: there[index * many : (index + 1) * many] for index, kind in enumerate(attacks)}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))))
