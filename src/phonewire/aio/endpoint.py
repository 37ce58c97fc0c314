"""Where a server takes calls, and how much it takes from a peer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection

import msgspec

from phonewire.aio.call import Call
from phonewire.aio.outbound import QueuePolicy, check_queue
from phonewire.auth import Authenticator
from phonewire.protocols.connection import MediaFormat

__all__ = ["Endpoint", "Handler", "Limits"]

#: A program's part of a call: awaited once for each; when it returns, the call is drained and closed.
Handler = Callable[[Call], Awaitable[None]]


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a server takes from a peer.

    Attributes:
        message_bytes: of one WebSocket message, checked on the declared length. 64 KiB: eight seconds of µ-law.
        handshake_s: from the TCP connection to the upgrade.
        start_s: from the upgrade to the message that starts the stream.
        drain_s: for queued audio to be heard when the handler has returned, or the server is closed.
        form_bytes: of a webhook's form.
    """

    message_bytes: int = 65_536
    handshake_s: float = 5.0
    start_s: float = 5.0
    drain_s: float = 10.0
    form_bytes: int = 65_536


class Endpoint:
    """A path of a server and the protocol that is spoken there.

    Args:
        path: of the URL, as in ``/twilio``; what follows a ``?`` is not compared.
        protocol: ``"twilio"``, ``"twilio-one-way"`` or ``"das-peak"``.
        auth: checks each handshake before the upgrade; None, written out, takes everybody.
        handler: awaited for each call; by default the server's.
        media_format: how audio is coded, where the wire does not tell (das-Peak).
        call_ids: the calls that may come: a collection, or an async function of the id that says yes or no. An
            unknown one is closed with 1008 and makes no call.
        queue_ms: audio that may wait to be sent.
        queue_policy: what a write does when more would: ``"wait"``, ``"drop-oldest"`` or ``"raise"``.

    Raises:
        ValueError: the path does not begin with a slash, or there is no such queue.
    """

    def __init__(
        self,
        path: str,
        protocol: str,
        *,
        auth: Authenticator | None,
        handler: Handler | None = None,
        media_format: MediaFormat | None = None,
        call_ids: Collection[str] | Callable[[str], Awaitable[bool]] | None = None,
        queue_ms: int = 2000,
        queue_policy: QueuePolicy = "wait",
    ) -> None:
        if not path.startswith("/"):
            raise ValueError(f"a path begins with a slash, got {path!r}")
        self.path = path
        self.protocol = protocol
        self.auth = auth
        self.handler = handler
        check_queue(queue_ms, queue_policy)
        self.media_format = media_format
        self.queue_ms = queue_ms
        self.queue_policy = queue_policy
        self._call_ids = call_ids

    async def expects(self, call_id: str) -> bool:
        """Say whether a call with this id may come."""
        if self._call_ids is None:
            return True
        if callable(self._call_ids):
            return await self._call_ids(call_id)
        return call_id in self._call_ids
