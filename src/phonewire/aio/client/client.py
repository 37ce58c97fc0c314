"""The client: dials a server and gives back the same call object that servers hand to their handlers."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from phonewire._bounds import check_above_0
from phonewire.aio.call.attention import check_no_media
from phonewire.aio.call.audiohook_session import handshake
from phonewire.aio.call.call import Call
from phonewire.aio.call.engines import announce, call_settings, make_engine, protocol_of
from phonewire.aio.call.settings import CallSettings
from phonewire.aio.client.call_block import CallBlock
from phonewire.aio.client.dialing import Dialer, Token
from phonewire.aio.client.opening import opened
from phonewire.aio.client.reconnect import IsActive, Reconnect
from phonewire.aio.faults import fault
from phonewire.aio.outbound.settings import QueuePolicy
from phonewire.aio.redial import Redial
from phonewire.aio.transports.line import Line
from phonewire.aio.transports.transport import Transport
from phonewire.auth import Secret
from phonewire.protocols.connection import EndReason, MediaConnection, MediaFormat, Side

if TYPE_CHECKING:
    from phonewire.aio.observe.telemetry import OpenTelemetry

__all__ = ["connect"]


class connect(CallBlock):  # noqa: N801 - read as a verb: async with phonewire.connect(...) as call
    """Dial a server: ``async with phonewire.connect(url, ...) as call``.

    Leaving the block lets what is queued be heard, then hangs up; leaving it by an exception hangs up at once.

    Where the protocol lets a call be taken up again (VoIPBIN), a connection that breaks is replaced: the call object
    stays, with its readers, its recordings and its queue, and `Disconnected` and `Reconnected` come in `Call.events`.
    The call ends when the server (401, 403, 404) or *is_active* says that it is over, or when *redial* gives up.

    Args:
        url: ``wss://…``, or ``ws://…`` for loopback.
        protocol: ``"twilio"`` or ``"twilio-one-way"`` (this side plays the phone), ``"das-peak"``, ``"voipbin"`` or
            ``"voipbin-external-media"`` (this side plays VoIPBIN, which dials for ``external_media_start``),
            ``"audiohook"`` or ``"audiohook-connector"`` (this side plays Genesys); by default what the path of the URL
            says.
        call_id: the platform's id of the call (das-Peak: the ``call_id`` of the signalling; VoIPBIN has it in the
            URL; AudioHook: of the conversation); by default a new one.
        parameters: passed along with the start of the stream, where the protocol can. AudioHook: ``ani``, ``aniName``,
            ``dnis`` and ``language``; others are input variables.
        headers: of the handshake, such as ``{"apikey": …}``, or ``{"X-API-KEY": …}`` (AudioHook).
        client_secret: signs the handshake (AudioHook), as Genesys shows it: base64. Never logged.
        token: a string, or an async callable that is asked before each attempt; sent in the place of the URL's
            parameter ``token`` where it has one, otherwise as ``Authorization: Bearer``. Never logged.
        redial: how often to dial again when an attempt fails for a passing reason, or a connection breaks; by default
            ``Redial()`` where the protocol lets a call be taken up again, otherwise not at all.
        is_active: an async callable that is asked before another attempt: whether the call is still worth it.
        media_format: how audio is coded, where the wire does not tell (das-Peak), or as it is offered (AudioHook, where
            two channels are the customer's and the agent's, and the default, if the server wants both).
        wire: VoIPBIN: ``"auto"``, or how its ``"tutorial"``, its documents (``"documented"``) or its service
            (``"deployed"``) have it.
        listen_only: send nothing, not even the silence that keeps other calls going.
        dtmf_in_audio: find the keys that the far end presses in its audio, for protocols that do not tell them
            (VoIPBIN); they come in ``call.events()`` as `phonewire.DtmfInAudio`.
        pace: ``"realtime"`` or ``"none"`` (as fast as the far end takes it); by default the protocol's own.
        tls: a client-side context; by default the system's certificates.
        queue_ms: audio that may wait to be sent.
        queue_policy: what a write does when more would: ``"wait"``, ``"drop-oldest"`` or ``"raise"``.
        no_media_s: without audio from the far end, before ``call.events()`` has a `NoMedia`; None for any time, because
            many servers speak only when they have something to say.
        allow_insecure: send secrets over ``ws://`` to other machines too.
        message_bytes: of one message of the server; more ends the call.
        open_timeout_s: for an attempt: the token, the connection and the handshake together.
        drain_timeout_s: for queued audio to be heard when the block is left.
        close_timeout_s: from either side's goodbye to the end of the connection, which is then cut.
        telemetry: has OpenTelemetry told of the call.

    Raises:
        ValueError: no such URL, protocol, pace or queue, a size or a time that is not above 0 (*drain_timeout_s* and
            *close_timeout_s* may be 0), keys cannot be found in such audio, or a secret would go over ``ws://`` to
            another machine.
        AuthenticationError: on entry: the server answered 401 or 403, or ``unauthorized`` (AudioHook).
        HandshakeError: on entry: the server answered something else than an upgrade.
        RemoteProtocolError: on entry: what answers is no WebSocket server, or did not take the call (AudioHook).
        OSError, TimeoutError: on entry: nothing answers.
    """

    def __init__(
        self,
        url: str,
        *,
        protocol: str | None = None,
        call_id: str | None = None,
        parameters: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        client_secret: str | Secret | None = None,
        token: Token | None = None,
        redial: Redial | None = None,
        is_active: IsActive | None = None,
        media_format: MediaFormat | None = None,
        wire: str = "auto",
        listen_only: bool = False,
        dtmf_in_audio: bool = False,
        pace: Literal["realtime", "none"] | None = None,
        tls: ssl.SSLContext | None = None,
        queue_ms: int = 2000,
        queue_policy: QueuePolicy = "wait",
        no_media_s: float | None = None,
        allow_insecure: bool = False,
        message_bytes: int = 65_536,
        open_timeout_s: float = 10.0,
        drain_timeout_s: float = 10.0,
        close_timeout_s: float = 10.0,
        telemetry: OpenTelemetry | None = None,
    ) -> None:
        super().__init__(open_timeout_s, drain_timeout_s, close_timeout_s, telemetry)
        check_above_0(message_bytes=message_bytes)
        check_no_media(no_media_s)
        protocol = protocol or protocol_of(url)
        headers, sign = handshake(protocol, headers, client_secret)
        limits: Any = {"message_bytes": message_bytes, "timeout_s": open_timeout_s, "close_timeout_s": close_timeout_s}
        dialer = Dialer(url, headers, token, sign=sign, tls=tls, insecure=allow_insecure, **limits)
        form: Any = {"media_format": media_format, "wire": wire, "message_bytes": message_bytes, "headers": headers}
        # Not a partial, which shows its arguments: a URL may hold a token.
        self._new_engine: Callable[[], MediaConnection] = lambda: make_engine(protocol, Side.CLIENT, url=url, **form)
        engine = self._new_engine()
        self._may_reconnect = engine.dialect.may_reconnect
        default = Redial() if self._may_reconnect else Redial(retries=0)
        self._reconnect = Reconnect(dialer.dial, redial or default, is_active=is_active)
        told = dict(parameters or {})
        self._announce = partial(announce, call_id=call_id, parameters=told, media_format=media_format)
        behaviour: Any = {"pace": pace, "queue_ms": queue_ms, "queue_policy": queue_policy}
        behaviour |= {"no_media_s": no_media_s, "listen_only": listen_only, "dtmf_in_audio": dtmf_in_audio}
        self._settings_of: Callable[[MediaConnection], CallSettings] = lambda engine: call_settings(
            protocol, engine, Side.CLIENT, **behaviour
        )
        self._settings_of(engine)

    async def __aenter__(self) -> Call:
        engine = self._new_engine()
        self._announce(engine)  # first: an id that is refused opens no connection
        self._reconnect.call_id = engine.call_id
        transport = await self._reconnect.connect()
        try:
            early = await opened(Line(engine, transport)) if engine.dialect.answered else []
            fault("client.call")
            again = self._again if self._may_reconnect else None
            call = Call(engine, transport, self._settings_of(engine), again)
            for event in early:
                call.dispatch(event)
            return self._begin(call)
        except BaseException:
            await transport.close(1011, "internal error")
            raise

    async def _again(
        self, ended: asyncio.Future[EndReason], brought_audio: bool
    ) -> tuple[MediaConnection, Transport] | None:
        """Return another connection for the call, with an engine of its own."""
        fault("client.again")
        engine = self._new_engine()
        transport = await self._reconnect.again(ended, brought_audio=brought_audio)
        return None if transport is None else (engine, transport)
