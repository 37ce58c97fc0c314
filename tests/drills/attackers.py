"""Peers that open connections and make no call: ``python -m tests.drills.attackers PORT MANY``.

MANY that say nothing, MANY that drip their handshake, MANY that upgrade and only ping; each kind from addresses of its
own, as many as a server lets wait from one. Prints how long each was there, as JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Awaitable, Callable

__all__ = ["KINDS", "OPENED_WITHIN_S"]

_PER_ADDRESS = 20
OPENED_WITHIN_S = 10.0  # 300 a second
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


async def attack(port: int, address: str, kind: str, after_s: float) -> float:
    """Be there until the server ends it; return for how long, in seconds."""
    await asyncio.sleep(after_s)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
    began = time.monotonic()
    acting = asyncio.ensure_future(KINDS[kind](writer))
    with contextlib.suppress(ConnectionError):
        while await reader.read(65_536):
            pass
    lasted = time.monotonic() - began
    acting.cancel()
    await asyncio.wait([acting])
    writer.close()
    return lasted


async def main(port: int, many: int) -> dict[str, list[float]]:
    """Attack with every kind at once."""
    attacks = {
        kind: [
            attack(port, f"127.{second}.{number // _PER_ADDRESS}.1", kind, OPENED_WITHIN_S * number / many)
            for number in range(many)
        ]
        for second, kind in enumerate(KINDS, 1)
    }
    lasted = await asyncio.gather(*(one for of_kind in attacks.values() for one in of_kind))
    return {kind: lasted[index * many : (index + 1) * many] for index, kind in enumerate(attacks)}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))))
