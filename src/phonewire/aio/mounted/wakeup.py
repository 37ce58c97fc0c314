"""The descriptor by which an event loop hears of signals, read before the loop does."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Container

__all__ = ["Wakeup"]

_NOBODY = -1  # for `signal.set_wakeup_fd`


class Wakeup:
    """Stands between the system's signal handler and the event loop.

    A loop does not hear from a handler in Python of what it was given by `add_signal_handler`, as granian does it: the
    system's handler writes each signal's number into the descriptor of `signal.set_wakeup_fd`, which the loop reads.
    Here they are read before; all but those that are waited for go on to the loop at once.

    Args:
        loop: that runs; this is its thread, and the main one.
        waiting: numbers of which the loop is not to hear before `let_through`, one of each.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, waiting: Container[int]) -> None:
        self._loop, self._waiting = loop, waiting
        self._theirs = _NOBODY  # the loop's descriptor
        self._held: set[int] = set()
        self._read_end, self._write_end = socket.socketpair()
        for end in (self._read_end, self._write_end):
            end.setblocking(False)
        loop.add_reader(self._read_end, self._read)

    def step_in_front(self) -> None:
        """Be the first who is written to: a loop has a descriptor of its own for each run, or sets it again."""
        ours = self._write_end.fileno()
        before = signal.set_wakeup_fd(ours, warn_on_full_buffer=False)
        if before != ours:
            self._theirs = before
        if self._theirs == _NOBODY:
            signal.set_wakeup_fd(_NOBODY)

    def let_through(self, number: int) -> None:
        """Let the loop hear of a signal that has waited."""
        if number in self._held:
            self._held.remove(number)
            self._pass_on(number)

    def close(self) -> None:
        """Leave everything as it was."""
        self._read()
        now = signal.set_wakeup_fd(_NOBODY)
        signal.set_wakeup_fd(self._theirs if now == self._write_end.fileno() else now, warn_on_full_buffer=False)
        self._loop.remove_reader(self._read_end)
        self._read_end.close()
        self._write_end.close()

    def _read(self) -> None:
        try:
            numbers = self._read_end.recv(4096)
        except BlockingIOError:
            return
        for number in numbers:
            if number in self._waiting and number not in self._held:
                self._held.add(number)
            else:
                self._pass_on(number)

    def _pass_on(self, number: int) -> None:
        self.step_in_front()  # the loop's descriptor of now, and never one that is somebody else's by now
        if self._theirs != _NOBODY:
            os.write(self._theirs, bytes([number]))
