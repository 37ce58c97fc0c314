"""The phones, in a process of their own: they read, take the time of each message, and do as little else as can be.

WebSocket as the load generator has it, because a library would cost as much here as on the side that is measured.
Prints nothing; the times of every call, and the share of a core that this process used while they were heard, are
written to a file when all have been hung up.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from array import array
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from phonewire.load.stamp import Voice
from phonewire.load.twilio import TwilioScript
from phonewire.load.websocket import WebSocketLine, request

REQUEST = request("bench", "/twilio", {})


class Phone:
    """One call, as the phone platform sees it.

    Attributes:
        times_ns: when each message came, up to `count`.
        line: its connection.
    """

    def __init__(self, messages: int) -> None:
        self.times_ns = array("q", bytes(8 * messages))
        self.count = 0
        self.line = WebSocketLine(REQUEST, self.take)

    def take(self, data: bytes, text: bool) -> None:
        """Take the time of a message."""
        self.times_ns[self.count] = time.monotonic_ns()
        self.count += 1


async def receive(port: int, calls: int, messages: int, out: Path) -> None:
    """Place the calls and stay until all have been hung up."""
    loop = asyncio.get_running_loop()
    phones = []
    for number in range(calls):
        phone = Phone(messages)
        await loop.create_connection(lambda phone=phone: phone.line, "127.0.0.1", port)
        await phone.line.opened
        phone.line.transport.write(TwilioScript(Voice(number, stamped=False), f"CA{number}").open())
        phones.append(phone)
    idle_s = time.process_time()
    for phone in phones:
        await phone.line.ended
    used_s = time.process_time() - idle_s
    np.savez(
        out,
        times_ns=np.array([phone.times_ns for phone in phones]),
        count=np.array([phone.count for phone in phones]),
        core=used_s / heard_s(phones),
    )


def heard_s(phones: Sequence[Phone]) -> float:
    """Return from the first message of all to the last; no less than a second, where nearly nothing was heard."""
    heard = [phone for phone in phones if phone.count]
    first_ns = min((phone.times_ns[0] for phone in heard), default=0)
    last_ns = max((phone.times_ns[phone.count - 1] for phone in heard), default=0)
    return max((last_ns - first_ns) / 1e9, 1.0)


def main() -> None:
    """Take the arguments."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calls.receivers", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--calls", type=int, required=True)
    parser.add_argument("--messages", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    asyncio.run(receive(arguments.port, arguments.calls, arguments.messages, arguments.out))


if __name__ == "__main__":
    main()
