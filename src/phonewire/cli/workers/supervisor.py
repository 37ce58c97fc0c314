"""Looks after workers: starts them, starts those anew that crash, replaces them one by one, and ends them."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

import click

from phonewire.cli.workers.child import Child

__all__ = ["Supervisor", "supervise"]

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 30.0
_STEADY_S = 60.0  # so long after its start a crash is no longer one in a row
_READY_S = 30.0  # for a replacement to begin

_log = logging.getLogger("phonewire.cli")


class Supervisor:
    """Some workers, all alike.

    Args:
        arguments: of ``phonewire``, for a worker.
        count: how many.

    Attributes:
        children: those that take calls, or are about to.
        restarts: times that another was started because one had ended.
    """

    def __init__(self, arguments: Sequence[str], count: int) -> None:
        self._arguments = arguments
        self._count = count
        self._stopping = False
        self._replacing: asyncio.Task[None] | None = None
        self._pauses: set[asyncio.Task[None]] = set()
        self._told: dict[Child, bool] = {}  # of every worker that has not ended, whether it was told to
        self.children: dict[int, Child] = {}
        self.restarts = 0

    async def begin(self) -> None:
        """Start all of them and wait until they take calls.

        Raises:
            click.ClickException: one of them did not; it has said why, and the others are ended.
        """
        for number in range(self._count):
            announce = ["--announce"] if number == 0 else []
            self.children[number] = await self._start(*announce)
        ready = await asyncio.gather(*(child.is_ready() for child in self.children.values()))
        if not all(ready):
            self.stop()
            await asyncio.gather(*map(self._ended, self.children.values()))
            raise click.ClickException("the workers could not begin")

    async def keep(self) -> None:
        """Keep their number until `stop`; return when all have ended."""
        await asyncio.gather(*map(self._keep, range(self._count)))
        if self._replacing is not None:
            await self._replacing

    def replace(self) -> None:
        """Begin to replace them one after the other: the next when a new one takes calls and the old one has ended."""
        if self._replacing is None or self._replacing.done():
            self._replacing = asyncio.create_task(self._replace())

    def observe_ports(self) -> list[int]:
        """Return where the metrics of each that has not ended are, on 127.0.0.1."""
        return [port for child in self._told if (port := child.observe_port) is not None]

    async def _replace(self) -> None:
        for number in range(self._count):
            if self._stopping or not await self._replace_one(number):
                return

    async def _replace_one(self, number: int) -> bool:
        new = await self._another(number)
        if new is None:
            return False
        if not await _begins(new) or self._stopping:
            await self._end(new)
            if not self._stopping:
                _log.error("worker %d is not replaced: the new one did not begin", number)
            return False
        old, self.children[number] = self.children[number], new
        await self._end(old)
        _log.info("worker %d was replaced", number)
        return True

    def stop(self) -> None:
        """End all of them: they say goodbye to their calls; those that are told again end at once."""
        again, self._stopping = self._stopping, True
        for pause in self._pauses:
            pause.cancel()
        for child in self._told:
            self._tell(child, again=again)

    def pass_on(self, number: signal.Signals) -> None:
        """Send every worker a signal."""
        for child in self.children.values():
            child.send_signal(number)

    async def _keep(self, number: int) -> None:
        now_s = asyncio.get_running_loop().time
        pause_s = _FIRST_PAUSE_S
        while True:
            child, began_s = self.children[number], now_s()
            status = await self._ended(child)
            if self.children[number] is not child:
                continue  # it was replaced
            if self._stopping:
                return
            pause_s = _FIRST_PAUSE_S if now_s() - began_s > _STEADY_S else pause_s
            _log.error("worker %d ended with status %d; another in %.1f s", number, status, pause_s)
            await self._pause(pause_s)
            await self._start_anew(number, child)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def _start_anew(self, number: int, ended: Child) -> None:
        """Put another in the place of one that has ended, unless that is taken or none is to begin any more."""
        if self._stopping or self.children[number] is not ended:
            return
        new = await self._another(number)
        if new is None:
            return
        if self.children[number] is not ended:
            await self._end(new)
            return
        self.children[number] = new
        self.restarts += 1
        await new.is_ready()

    async def _another(self, number: int) -> Child | None:
        """Start a worker beside those that take calls; None when the system has no room for one now."""
        try:
            return await self._start()
        except OSError as error:
            _log.error("worker %d cannot be started: %s", number, error.strerror)
            return None

    async def _start(self, *arguments: str) -> Child:
        """Start a worker; when there was a `stop` meanwhile, it is told already."""
        child = await Child.start([*self._arguments, *arguments])
        self._told[child] = False
        if self._stopping:
            self._tell(child)
        return child

    def _tell(self, child: Child, *, again: bool = False) -> None:
        """Tell a worker to end, if it was not; the second time cuts its calls."""
        if again or not self._told.get(child, True):
            self._told[child] = True
            child.send_signal(signal.SIGTERM)

    async def _end(self, child: Child) -> None:
        self._tell(child)
        await self._ended(child)

    async def _ended(self, child: Child) -> int:
        status = await child.ended()
        self._told.pop(child, None)
        return status

    async def _pause(self, seconds: float) -> None:
        """Wait, but not longer than until `stop`."""
        pause = asyncio.create_task(asyncio.sleep(seconds))
        self._pauses.add(pause)
        await asyncio.wait([pause])
        self._pauses.discard(pause)


async def _begins(child: Child) -> bool:
    try:
        async with asyncio.timeout(_READY_S):
            return await child.is_ready()
    except TimeoutError:
        return False


async def supervise(
    supervisor: Supervisor, observe: tuple[str, int] | None, beside: AbstractAsyncContextManager[Any] | None
) -> None:
    """Run workers until a signal says to stop.

    SIGHUP has all of them read the certificate again, SIGUSR2 replaces them one by one. The first SIGINT or SIGTERM
    stops them; the second ends them at once.

    Args:
        supervisor: of workers that have not been started.
        observe: where health and metrics of all of them are answered; None for nowhere.
        beside: begins before them and ends after them.
    """
    async with AsyncExitStack() as stack:
        if beside is not None:
            await stack.enter_async_context(beside)
        await supervisor.begin()
        _on_signals(supervisor)
        click.echo(f"{len(supervisor.children)} workers take calls")
        if observe is not None:
            port = await stack.enter_async_context(_pages(supervisor, observe))
            click.echo(f"health and metrics of all on port {port}: /healthz, /readyz, /metrics")
        await supervisor.keep()
    click.echo("stopped")


def _on_signals(supervisor: Supervisor) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, supervisor.stop)
    loop.add_signal_handler(signal.SIGHUP, supervisor.pass_on, signal.SIGHUP)
    loop.add_signal_handler(signal.SIGUSR2, supervisor.replace)


@asynccontextmanager
async def _pages(supervisor: Supervisor, observe: tuple[str, int]) -> AsyncGenerator[int | None]:
    try:
        from phonewire.cli.workers.pages import WorkerPages
    except ImportError:
        raise click.UsageError("--observe with --workers needs pip install 'phonewire[prometheus]'") from None
    async with WorkerPages(*observe, supervisor.observe_ports, lambda: supervisor.restarts) as pages:
        yield pages.port
