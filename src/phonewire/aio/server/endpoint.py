"""Where a server takes calls, and how much it takes from a peer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import Literal

import msgspec

from phonewire._bounds import check_above_0, check_at_least_0
from phonewire.aio.call.attention import check_no_media
from phonewire.aio.call.call import Call
from phonewire.aio.call.engines import EXTERNAL_MEDIA
from phonewire.aio.cluster.nonces import MemoryNonces, NonceStore
from phonewire.aio.inbound.key_finder import check_key_finder
from phonewire.aio.outbound.settings import QueuePolicy, check_queue
from phonewire.aio.server.address import Proxies
from phonewire.auth import Authenticator
from phonewire.protocols import audiohook, voipbin
from phonewire.protocols.connection import MediaFormat, MessageRate

__all__ = ["ID", "Endpoint", "Handler", "Limits"]

# As long as Genesys' reference server takes, so that guessing is slow.
_REFUSE_AFTER_S = 0.5

#: What stands in a path for the id of any call.
ID = "{id}"

#: A program's part of a call: awaited once for each; when it returns, the call is drained and closed.
Handler = Callable[[Call], Awaitable[None]]


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a server takes from a peer; ``docs/limits.md`` has the reason of each default.

    Attributes:
        calls: at the same time. More are answered 503, or closed with 1013 where the last place went to another call
            since the handshake.
        max_call_seconds: of one call, which is then closed with 1008; None for any time.
        unauthenticated: connections that have not shown who they are, in all. When there are more, the one that has
            waited longest is sent away: 503, or 1013 after the upgrade.
        unauthenticated_per_address: the same for one address, behind a trusted proxy for one forwarded address; for
            one /64 with IPv6. The next one is answered 503.
        handshake_s: from the TCP connection to the upgrade, then 408; TLS has the same time before that.
        start_s: from the upgrade to the message that starts the stream, then 1008.
        media_idle_s: without valid media from the far end, then 1008; None for any time. Not for who need not send
            (``Endpoint(sends_media=)``), and not while far ends are made to wait for a slow reader here.
        message_bytes: of one WebSocket message, checked on the declared length; more is closed with 1009. An
            `Endpoint` may have a limit of its own, and those of VoIPBIN do.
        fragments: of one WebSocket message, empty ones too; more is closed with 1009.
        form_bytes: of a webhook's form; more is answered 413.
        drain_s: for queued audio to be heard when the handler has returned.
        close_s: for the far end of a call to answer the goodbye, before the connection is cut.

    Raises:
        ValueError: one of them is not above 0.
    """

    calls: int = 1000
    max_call_seconds: float | None = 14_400.0
    unauthenticated: int = 1000
    unauthenticated_per_address: int = 20
    handshake_s: float = 5.0
    start_s: float = 5.0
    media_idle_s: float | None = 30.0
    message_bytes: int = 65_536
    fragments: int = 64
    form_bytes: int = 65_536
    drain_s: float = 10.0
    close_s: float = 10.0

    def __post_init__(self) -> None:
        check_above_0("Limits.", **msgspec.structs.asdict(self))


class Endpoint:
    """A path of a server and the protocol that is spoken there.

    Args:
        path: of the URL, as in ``/twilio``; what follows a ``?`` is not compared. For VoIPBIN one part may be ``{id}``,
            as in ``/v1.0/calls/{id}/media_stream``, which becomes the call's id: 1 to 128 letters, digits and
            ``._:@+=-``; others are answered 404.
        protocol: ``"twilio"``, ``"twilio-one-way"``, ``"das-peak"``, ``"voipbin"``, where this side is VoIPBIN,
            ``"voipbin-external-media"``, where VoIPBIN dials this side for its flow action ``external_media_start``,
            ``"audiohook"`` (Genesys Monitor) or ``"audiohook-connector"``.
        auth: checks each handshake before the upgrade; None, written out, takes everybody.
        addresses: addresses and networks that may connect, such as ``["10.0.0.0/8"]``; others are answered 401. None
            for all.
        nonces: remembers what has been signed once (AudioHook), so that a copy is refused; by default this endpoint's
            own memory, where another one lets several servers be one.
        refuse_after_s: how long who is not authentic waits for his answer; by default 0.5 for AudioHook, whose
            platform asks for that, and no time elsewhere.
        refuse_with: what that answer is: ``"status"``, 401 before the upgrade, or ``"disconnect"``, AudioHook's own
            message ``disconnect`` with the reason ``unauthorized`` after it.
        handler: awaited for each call; by default the server's.
        media_format: how audio is coded, where the wire does not tell (das-Peak).
        wire: VoIPBIN: ``"auto"``, or how its ``"tutorial"``, its documents (``"documented"``) or its service
            (``"deployed"``) have it.
        message_bytes: of one message; more is closed with 1009. By default 1 MiB for VoIPBIN, whose clients may send
            a whole prompt in one, and what `Limits` says elsewhere.
        call_ids: the calls that may come: a collection, or an async function of the id that says yes or no, such as
            a `phonewire.SingleUse`. An unknown one is closed with 1008 and makes no call.
        queue_ms: audio that may wait to be sent.
        queue_policy: what a write does when more would: ``"wait"``, ``"drop-oldest"`` or ``"raise"``.
        message_rate: how many messages Genesys takes from an Audio Connector; by default as it is known to begin: 5
            a second, 25 at once.
        dtmf_in_audio: find the keys that the far end presses in its audio, for protocols that do not tell them; they
            come in ``call.events()`` as `phonewire.DtmfInAudio`.
        sends_media: False for far ends that only listen, so that `Limits.media_idle_s` and *no_media_s* are not for
            them; True for those that always send. By default ``"voipbin-external-media"`` only listens, VoIPBIN's
            clients may, so that `Limits.media_idle_s` is for them when they have sent something, and it is not for
            the one-way streams of Twilio and AudioHook.
        no_media_s: without audio from the far end, before ``call.events()`` has a `NoMedia`; None for any time.

    Raises:
        ValueError: the path does not begin with a slash or has ``{id}`` twice or within a part, there is no such
            queue, *message_bytes* or *no_media_s* is not above 0, *refuse_after_s* is below 0, an address is none, or
            keys cannot be found in such audio, or *message_rate* or *refuse_with* is for another protocol.
    """

    def __init__(
        self,
        path: str,
        protocol: str,
        *,
        auth: Authenticator | None,
        addresses: Collection[str] | None = None,
        nonces: NonceStore | None = None,
        refuse_after_s: float | None = None,
        refuse_with: Literal["status", "disconnect"] = "status",
        handler: Handler | None = None,
        media_format: MediaFormat | None = None,
        wire: str = "auto",
        message_bytes: int | None = None,
        call_ids: Collection[str] | Callable[[str], Awaitable[bool]] | None = None,
        queue_ms: int = 2000,
        queue_policy: QueuePolicy = "wait",
        message_rate: MessageRate | None = None,
        dtmf_in_audio: bool = False,
        sends_media: bool | None = None,
        no_media_s: float | None = 5.0,
    ) -> None:
        _check_path(path)
        check_above_0(message_bytes=message_bytes)
        check_at_least_0(refuse_after_s=refuse_after_s)
        self.path = path
        self.protocol = protocol
        self.auth = auth
        self.allowed = None if addresses is None else Proxies(addresses)
        self.nonces = nonces or MemoryNonces()
        usual_s = _REFUSE_AFTER_S if protocol in audiohook.DIALECTS else 0.0
        self.refuse_after_s = usual_s if refuse_after_s is None else refuse_after_s
        _check_refusal(protocol, refuse_with)
        self.refuse_with = refuse_with
        self.handler = handler
        check_queue(queue_ms, queue_policy)
        self.media_format = media_format
        self.wire = wire
        self.message_bytes = message_bytes
        _check_rate(protocol, message_rate)
        self.queue_ms = queue_ms
        self.queue_policy = queue_policy
        self.message_rate = message_rate
        if dtmf_in_audio and media_format is not None:
            check_key_finder(media_format)
        self.dtmf_in_audio = dtmf_in_audio
        self.sends_media = False if sends_media is None and protocol == EXTERNAL_MEDIA else sends_media
        self.no_media_s = check_no_media(no_media_s) if self.sends_media is not False else None
        self._call_ids = call_ids

    def message_limit(self, limits: Limits) -> int:
        """Return how many bytes a message may have."""
        usual = voipbin.MAX_MESSAGE_SIZE if self.protocol == "voipbin" else limits.message_bytes
        return self.message_bytes or usual

    async def expects(self, call_id: str) -> bool:
        """Say whether a call with this id may come."""
        if self._call_ids is None:
            return True
        if callable(self._call_ids):
            return await self._call_ids(call_id)
        return call_id in self._call_ids


def _check_refusal(protocol: str, refuse_with: str) -> None:
    if refuse_with not in ("status", "disconnect"):
        raise ValueError(f"refuse_with is 'status' or 'disconnect', got {refuse_with!r}")
    if refuse_with == "disconnect" and protocol not in audiohook.DIALECTS:
        raise ValueError(f"only AudioHook can refuse with a disconnect, got {protocol}")


def _check_rate(protocol: str, rate: MessageRate | None) -> None:
    dialect = audiohook.DIALECTS.get(protocol)
    if rate is not None and (dialect is None or dialect.message_rate is None):
        raise ValueError(f"message_rate is for audiohook-connector, got one for {protocol}")


def _check_path(path: str) -> None:
    if not path.startswith("/"):
        raise ValueError(f"a path begins with a slash, got {path!r}")
    parts = path.split("/")
    if parts.count(ID) > 1 or any(ID in part and part != ID for part in parts):
        raise ValueError(f"{ID} is one whole part of a path, got {path!r}")
