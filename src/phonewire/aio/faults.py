"""Named faults: the places where a machine, a disk or a network fails, so that tests can let each of them fail.

Off, which is always but in tests, a place costs one look at a variable; where each frame of each call passes, that look
is made on the spot (``if faults.hook is not None``). On, the hook is called with the name of the place, and what it
raises happens there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

__all__ = ["FAULTS", "fault", "hook", "injected"]

#: Every place, and what goes wrong there in life.
FAULTS = {
    "server.listen": "the port is taken, or there are no more descriptors",
    "pages.listen": "the port of the operator's pages is taken",
    "handshake.check": "a bug, or no memory, while a request is looked at",
    "handshake.upgrade": "the socket is gone, or no memory, while a handshake is answered or has just been",
    "auth.verify": "an authenticator of the user's raises: its database is gone",
    "engine.make": "no memory for a new connection",
    "call.expects": "the user's list of calls cannot be asked",
    "call.make": "no memory for a new call",
    "call.handle": "the user's handler raises at once",
    "transport.receive": "the WebSocket library raises what it does not document",
    "transport.write": "no memory for a message",
    "transport.drain": "the socket is gone while we wait for it",
    "transport.close": "the socket is gone while we say goodbye",
    "engine.receive": "a bug in a parser",
    "inbound.publish": "no memory for a frame that was received",
    "outbound.tick": "a bug, or no memory, in the clock's tick",
    "disk.thread": "no more threads",
    "disk.folder": "the directory of recordings is gone",
    "disk.create": "no more descriptors, or nothing may be made there",
    "disk.write": "the disk is full, or broken",
    "disk.flush": "the disk is full when the header is written",
    "disk.publish": "the disk is full, or read-only, at the end of a recording",
    "disk.sidecar": "the disk is full when the sidecar is written",
    "source.open": "the file to be played is gone",
    "source.read": "the disk breaks while a file is played",
    "metrics.collect": "a bug while metrics are collected",
    "webhook.answer": "what checks or answers the user's forms raises",
    "dial.token": "the token cannot be had",
    "dial.connect": "nobody answers",
    "dial.is_active": "whether a call is still worth an attempt cannot be asked",
    "client.call": "no memory for a call whose connection is there",
    "client.again": "no memory for another connection of a call",
}

#: Called at each place that is passed, with its name; None but in tests.
hook: Callable[[str], object] | None = None


def fault(name: str) -> None:
    """Let the place of that name fail, when a test wants it to."""
    if hook is not None:
        hook(name)


@contextlib.contextmanager
def injected(raises: Callable[[str], object]) -> Iterator[None]:
    """Have *raises* called at each place that is passed, with its name; for one test at a time."""
    global hook
    hook = raises
    try:
        yield
    finally:
        hook = None
