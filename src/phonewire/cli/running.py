"""The servers of ``phonewire serve`` from their start to their end, and the signals that they obey."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any

import click

import phonewire
from phonewire.cli.operating_options import OperatingOptions

__all__ = ["on_signals", "run"]

_GRACE_S = 1.0  # for what is left to do when all calls are over
_OBJECTS_BETWEEN_COLLECTIONS = 5_000  # about a MB; Python's own is 700

_log = logging.getLogger("phonewire.cli")


async def run(
    servers: Sequence[phonewire.Server | phonewire.AudioSocketServer],
    started: Callable[[], None],
    operating: OperatingOptions,
    beside: Sequence[AbstractAsyncContextManager[Any]] = (),
    say: Callable[[str], None] = click.echo,
) -> None:
    """Take calls until a signal says to stop; then say goodbye to all of them.

    SIGHUP reads the certificate again. The first SIGINT or SIGTERM stops; the second ends the process at once. When
    something hangs, the process ends a second after the time for goodbyes, with status 1.

    Args:
        servers: not started yet.
        started: called when all listen.
        operating: whether there is a certificate to read again, and how long goodbyes and recordings may take.
        beside: begin before them and end after them.
        say: prints that they have stopped.
    """
    stop = asyncio.Event()
    with_tls = [server for server in servers if isinstance(server, phonewire.Server) and operating.tls_cert]
    on_signals(stop, with_tls)
    async with AsyncExitStack() as stack:
        for each in beside:
            await stack.enter_async_context(each)
        for server in servers:
            await stack.enter_async_context(server)
        _calm_collector()
        started()
        await stop.wait()
        if operating.drain_seconds:
            await asyncio.gather(*(server.drain(operating.drain_seconds) for server in servers))
        _give_up_after(operating.stop_seconds + _GRACE_S)
        await asyncio.gather(*(server.close(operating.stop_seconds) for server in servers))
    say("stopped")


def _give_up_after(seconds: float) -> None:
    """End the process if it is still there then: a thread that waits for a disk is waited for at the exit, too."""
    timer = threading.Timer(seconds, _give_up)
    timer.daemon = True
    timer.start()


def _give_up() -> None:
    click.echo(
        "stopped without a disk that does not answer; recordings can be read as far as they were written", err=True
    )
    os._exit(1)


def _calm_collector() -> None:
    """Let Python's garbage collector pause less: every call waits for it.

    With its usual threshold a burst of connections makes it walk all of them again and again, 0.1 s at a time. What
    was imported stays to the end, so it need not be looked at; and nearly all of a call goes away without it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)


def on_signals(stop: asyncio.Event, with_tls: Sequence[phonewire.Server] = ()) -> None:
    """Set *stop* at the first SIGINT or SIGTERM, leave the second to the system, and let SIGHUP read certificates."""
    loop = asyncio.get_running_loop()

    def begin_to_stop() -> None:
        stop.set()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)  # the second one: recordings can be read all the same

    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, begin_to_stop)
    except NotImplementedError:
        return  # Windows: KeyboardInterrupt does it
    for server in with_tls:  # there is one at most
        loop.add_signal_handler(signal.SIGHUP, _reload, server)


def _reload(server: phonewire.Server) -> None:
    try:
        server.reload_tls()
    except OSError as error:
        _log.error("the certificate cannot be read again, the old one stays: %s", error.strerror or error)
    else:
        _log.info("the certificate was read again")
