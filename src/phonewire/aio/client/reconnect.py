"""The connections of one call, one after another: dialed as often as the policy has it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from phonewire.aio.faults import fault
from phonewire.aio.observe.log import escape
from phonewire.aio.redial import Redial, is_final
from phonewire.aio.transports.transport import Transport
from phonewire.errors import PhonewireError

__all__ = ["IsActive", "Reconnect"]

_log = logging.getLogger("phonewire.client")

# How a server says that there is no such call any more, which is how most calls end.
_OVER = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)

#: Asked before the next attempt: whether the call is still worth one.
IsActive = Callable[[], Awaitable[bool]]


class Reconnect:
    """Dials until there is a connection, or no hope for one.

    Args:
        dial: makes one attempt.
        redial: how often and how fast.
        is_active: whether the call is still worth an attempt; None when nobody can tell.
        chance: returns random numbers, at least 0 and less than 1.

    Attributes:
        failures: attempts and connections in a row that brought nothing.
        call_id: of the call that they are of, for the log.
    """

    def __init__(
        self,
        dial: Callable[[], Awaitable[Transport]],
        redial: Redial,
        *,
        is_active: IsActive | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._dial = dial
        self._redial = redial
        self._is_active = is_active
        self._chance = chance
        self.failures = 0
        self.call_id = ""

    async def connect(self) -> Transport:
        """Return the first connection.

        Raises:
            Exception: what the last attempt failed with.
        """
        while True:
            try:
                return await self._dial()
            except Exception as failure:
                self.failures += 1
                wait_s = self._wait_s(failure)
                if wait_s is None or not await self._worth_it_after(wait_s):
                    raise

    async def again(self, ended: asyncio.Future[Any], *, brought_audio: bool) -> Transport | None:
        """Return the next connection when one broke; None when there will be none, or the call has *ended*."""
        if brought_audio:
            self.failures = 0
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(None) as limit:

                def stop(_: object) -> None:
                    with contextlib.suppress(RuntimeError):  # the attempt has ended in the same turn of the loop
                        limit.reschedule(loop.time())

                ended.add_done_callback(stop)
                try:
                    return await self._again()
                finally:
                    ended.remove_done_callback(stop)
        except TimeoutError:
            return None

    async def _again(self) -> Transport | None:
        self.failures += 1
        wait_s = self._redial.wait_s(self.failures, self._chance())
        if wait_s is None or not await self._worth_it_after(wait_s):
            return None
        try:
            transport = await self.connect()
        except Exception as failure:
            self._tell_of_the_end(failure)
            return None
        about = {"event": "connected_anew", "call_id": self.call_id, "failures": self.failures}
        _log.info("connected anew after %d failures", self.failures, extra=about)
        return transport

    def _tell_of_the_end(self, failure: Exception) -> None:
        reason = _in_short(failure)
        if getattr(failure, "status", None) in _OVER:
            over = {"event": "call_gone", "call_id": self.call_id, "reason": reason}
            _log.info("the call is over: %s", reason, extra=over)
        else:
            lost = {"event": "gave_up", "call_id": self.call_id, "reason": reason, "failures": self.failures}
            _log.warning("gave up dialing after %d failures: %s", self.failures, reason, extra=lost)

    def _wait_s(self, failure: Exception) -> float | None:
        if is_final(failure):
            return None
        asked_s = getattr(failure, "retry_after_s", None)
        wait_s = self._redial.wait_s(self.failures, self._chance(), asked_s)
        if wait_s is not None:
            reason = _in_short(failure)
            about = {"event": "dial_failed", "call_id": self.call_id, "reason": reason, "wait_s": wait_s}
            _log.info("attempt failed (%s), dialing again in %.1f s", reason, wait_s, extra=about)
        return wait_s

    async def _worth_it_after(self, wait_s: float) -> bool:
        """Wait, and return whether the call is then worth another attempt."""
        await asyncio.sleep(wait_s)
        if self._is_active is None:
            return True
        try:
            fault("dial.is_active")
            return await self._is_active()
        except Exception as error:
            # Not to know is no reason to hang up; the number of attempts is bounded.
            about = {"event": "raised", "call_id": self.call_id, "what": "is_active"}
            _log.warning("is_active raised %s, dialing on", type(error).__name__, extra=about)
            return True


def _in_short(failure: Exception) -> str:
    """Name a failure; what strangers raise, such as the maker of tokens, may hold secrets."""
    return escape(str(failure)) if isinstance(failure, PhonewireError) else type(failure).__name__
