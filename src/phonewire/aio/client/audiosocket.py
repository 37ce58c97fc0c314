"""The client of AudioSocket over TCP: it dials as Asterisk does, and gives back the same call object."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal
from uuid import uuid4

from phonewire.aio.call.call import Call
from phonewire.aio.call.engines import call_settings
from phonewire.aio.client.call_block import CallBlock
from phonewire.aio.client.within import within
from phonewire.aio.faults import fault
from phonewire.aio.outbound.settings import QueuePolicy
from phonewire.aio.transports.tcp import TcpTransport
from phonewire.protocols import audiosocket
from phonewire.protocols.connection import MediaFormat, Side

if TYPE_CHECKING:
    from phonewire.aio.observe.telemetry import OpenTelemetry

__all__ = ["connect_audiosocket"]


class connect_audiosocket(CallBlock):  # noqa: N801 - read as a verb: async with phonewire.connect_audiosocket(...) as call
    """Dial an AudioSocket server as Asterisk does: ``async with phonewire.connect_audiosocket(host, port) as call``.

    Leaving the block lets what is queued be heard, then hangs up; leaving it by an exception hangs up at once.

    Args:
        host: of the server.
        port: of the server.
        call_id: the UUID that announces the call; by default a new one.
        media_format: how audio is coded; one of ``audiosocket.FORMATS``.
        pace: ``"realtime"``, or ``"none"`` for as fast as the far end takes it.
        queue_ms: audio that may wait to be sent.
        queue_policy: what a write does when more would: ``"wait"``, ``"drop-oldest"`` or ``"raise"``.
        dtmf_in_audio: find the keys that the far end presses in its audio; they come in ``call.events()`` as
            `phonewire.DtmfInAudio`.
        open_timeout_s: for the connection.
        drain_timeout_s: for queued audio to be heard when the block is left.
        close_timeout_s: for the far end to take what was written when we hang up, before the connection is cut.
        telemetry: has OpenTelemetry told of the call.

    Raises:
        ValueError: a format that AudioSocket has no kind for, no such pace or queue, a time below 0, or keys cannot be
            found in such audio.
        LocalProtocolError: on entry: *call_id* is no UUID; nothing was dialled.
        OSError, TimeoutError: on entry: nothing answers.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        call_id: str | None = None,
        media_format: MediaFormat = audiosocket.FORMATS[audiosocket.Kind.SLIN],
        pace: Literal["realtime", "none"] = "realtime",
        queue_ms: int = 2000,
        queue_policy: QueuePolicy = "wait",
        dtmf_in_audio: bool = False,
        open_timeout_s: float = 10.0,
        drain_timeout_s: float = 10.0,
        close_timeout_s: float = 10.0,
        telemetry: OpenTelemetry | None = None,
    ) -> None:
        super().__init__(open_timeout_s, drain_timeout_s, close_timeout_s, telemetry)
        self._host, self._port = host, port
        self._start = audiosocket.Start(call_id or str(uuid4()))
        self._engine = audiosocket.Connection(Side.CLIENT, media_format=media_format)
        self._settings = call_settings(
            "audiosocket",
            self._engine,
            Side.CLIENT,
            pace,
            queue_ms=queue_ms,
            queue_policy=queue_policy,
            dtmf_in_audio=dtmf_in_audio,
        )

    async def __aenter__(self) -> Call:
        self._engine.send(self._start)
        async with within(self._open_timeout_s, "no connection"):
            _, transport = await asyncio.get_running_loop().create_connection(
                lambda: TcpTransport(self._close_timeout_s), self._host, self._port
            )
        try:
            fault("client.call")
            return self._begin(Call(self._engine, transport, self._settings))
        except BaseException:
            await transport.close()
            raise
