"""A model of Asterisk's reader of AudioSocket, which hangs up when the rest of a frame is late; a process of its own.

``python -m tests.drills.asterisk PORT CALLS FRAMES`` prints what it met as JSON.
"""

from __future__ import annotations

import json
import select
import selectors
import socket
import sys
import time
from collections.abc import Iterator
from uuid import uuid4

from phonewire.emulators.asterisk import STALL_MS
from phonewire.emulators.asterisk_frames import UUID, frame

LISTENING = 100
QUIET_S = 5.0  # without a frame from anybody: a server that waits for Asterisk to speak first


class Channel:
    """A call that has said its UUID, and listens.

    Attributes:
        said_s: when it said it.
        stalls: frames whose rest was late.
    """

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.stalls = 0
        self.socket.send(frame(UUID, uuid4().bytes))
        self.said_s = time.perf_counter()

    def frame(self) -> bytes:
        """Read one frame, of which the first byte has come."""
        header = self._read(3)
        return self._read(int.from_bytes(header[1:], "big"))

    def _read(self, size: int) -> bytes:
        data = b""
        stalled = False
        while len(data) < size:
            try:
                piece = self.socket.recv(size - len(data))
            except BlockingIOError:
                ready, _, _ = select.select([self.socket], [], [], STALL_MS / 1000)
                stalled = stalled or not ready
                continue
            if not piece:
                raise ConnectionError("the server has closed")
            data += piece
        self.stalls += stalled
        return data

    def hang_up(self) -> None:
        """End the call."""
        self.socket.close()


def ready(selector: selectors.BaseSelector) -> Iterator[Channel]:
    """Yield the channels for which something has come."""
    events = selector.select(QUIET_S)
    if not events:
        raise TimeoutError(f"no frame for {QUIET_S:g} s")
    for key, _ in events:
        yield key.data


def first_frames(port: int, calls: int) -> list[float]:
    """Dial *calls* times, one after the other, and return how long after its UUID each had its first frame, in ms."""
    times_ms: list[float] = []
    for _ in range(calls):
        channel = Channel(port)
        with selectors.DefaultSelector() as selector:
            selector.register(channel.socket, selectors.EVENT_READ, channel)
            for _ in ready(selector):
                channel.frame()
        times_ms.append((time.perf_counter() - channel.said_s) * 1000)
        channel.hang_up()
    return sorted(times_ms)


def stalls(port: int, frames: int) -> int:
    """Listen to as many frames, and return how many stalled."""
    with selectors.DefaultSelector() as selector:
        channels = [Channel(port) for _ in range(LISTENING)]
        for channel in channels:
            selector.register(channel.socket, selectors.EVENT_READ, channel)
        read = 0
        while read < frames:
            for channel in ready(selector):
                channel.frame()
                read += 1
        for channel in channels:
            channel.hang_up()
    return sum(channel.stalls for channel in channels)


def main() -> None:
    """Dial, listen, and print what was met."""
    port, calls, frames = map(int, sys.argv[1:])
    times_ms = first_frames(port, calls)
    print(json.dumps({"first_ms": times_ms, "stalls": stalls(port, frames)}))


if __name__ == "__main__":
    main()
