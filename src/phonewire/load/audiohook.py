"""Genesys' sessions: messages by the engine, ten times a second audio behind them."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterable, Mapping

from phonewire.load.stamp import FRAME_BYTES, HEAD_BYTES, TONE, Voice
from phonewire.load.websocket import BINARY, TEXT, masked
from phonewire.protocols import audiohook
from phonewire.protocols.connection import Side, State

__all__ = ["AudioHookScript"]

_PIECE_BYTES = 800
_TONE = (TONE * (_PIECE_BYTES // FRAME_BYTES))[HEAD_BYTES:]
_MEDIA = (audiohook.MediaOffer(channels=("external",)),)


class AudioHookScript:
    """One session of one channel.

    Args:
        voice: what it says.
        call_id: of the session.
        dialect: `audiohook.MONITOR` or `audiohook.CONNECTOR`.
    """

    period_ms = 100

    def __init__(self, voice: Voice, call_id: str, dialect: audiohook.Dialect = audiohook.MONITOR) -> None:
        organization_id = str(uuid.uuid4())
        self.headers: Mapping[str, str] = {
            "Audiohook-Organization-Id": organization_id,
            "Audiohook-Session-Id": call_id,
            "Audiohook-Correlation-Id": str(uuid.uuid4()),
        }
        self._voice = voice
        self._organization_id = organization_id
        self._engine = audiohook.Connection(Side.CLIENT, dialect=dialect, session_id=call_id)

    @property
    def ready(self) -> bool:
        """Whether the server has opened the session."""
        return self._engine.state is State.OPEN

    def open(self) -> bytes:
        """Return ``open``."""
        self._engine.connected(self._now_ns())
        somebody = audiohook.Participant(str(uuid.uuid4()), "+15550001", "", "+15550002")
        self._engine.send(
            audiohook.Open(
                organization_id=self._organization_id,
                conversation_id=str(uuid.uuid4()),
                participant=somebody,
                media=_MEDIA,
                language="en-US",
            )
        )
        return self._said()

    def frame(self, number: int) -> bytes:
        """Return 100 ms of audio, and a ping where one is due."""
        self._engine.handle_timeout(self._now_ns())
        if self._engine.state is State.OPEN:
            self._engine.send_payload(self._voice.head(number) + _TONE)
        return self._said()

    def read(self, data: bytes, text: bool) -> Iterable[bytes]:
        """Take a message; where it is audio, return the first six codewords of each frame."""
        if not text:
            return [data[place : place + HEAD_BYTES] for place in range(0, len(data), FRAME_BYTES)]
        self._engine.receive(data, text=True, now_ns=self._now_ns())
        return ()

    def replies(self) -> bytes:
        """Return what the engine owes."""
        return self._said()

    def close(self) -> bytes:
        """Return ``close``."""
        self._engine.close()
        return self._said()

    def _said(self) -> bytes:
        messages = self._engine.data_to_send()
        return b"".join(masked(TEXT if text else BINARY, message) for message, text in messages)

    @staticmethod
    def _now_ns() -> int:
        return int(asyncio.get_running_loop().time() * 1e9)
