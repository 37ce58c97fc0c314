"""Asterisk's side of AudioSocket: it dials in, says its UUID, speaks, and hears each frame as it comes.

It is not patient: a frame that it does not know, or whose rest is late, ends the call.

Source: Asterisk, ``res_audiosocket.c`` and ``chan_audiosocket.c``; read 2026-11.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from os import PathLike
from typing import Self

from phonewire._typing import Buffer
from phonewire.emulators.asterisk_frames import (
    DTMF,
    ERROR,
    HANGUP,
    UUID,
    AsteriskFrames,
    BadFrameError,
    audio_kind,
    frame,
    little_endian,
    sample_rate_hz,
)
from phonewire.emulators.microphone import Microphone, every_20_ms
from phonewire.emulators.phone import Phone
from phonewire.errors import LocalProtocolError

__all__ = ["STALL_MS", "AsteriskCaller"]

#: How long Asterisk waits for the rest of a frame.
STALL_MS = 5

_KEYS = frozenset("0123456789*#ABCD")
_FORWARDING_FAILED = b"\x02"


class AsteriskCaller(Phone):
    """Call an AudioSocket server as Asterisk does; an async context manager that lasts as long as the call.

    Args:
        host: of the server.
        port: of the server.
        call_id: the UUID that announces the call; None makes a new one.
        sample_rate_hz: of the audio that is sent, one that AudioSocket has a kind for; the dialplan application's is
            always 8,000.

    Attributes:
        call_id: as announced.
        other_rates: frames of audio of another sample rate, by rate; they are not in `heard`.
        error: why Asterisk gave up; None while it has not.
        hung_up: whether the server said that it hangs up.

    Raises:
        OSError: on entering, nothing answers.
    """

    def __init__(self, host: str, port: int, *, call_id: str | None = None, sample_rate_hz: int = 8000) -> None:
        super().__init__(sample_rate_hz)
        self.call_id = call_id or str(uuid.uuid4())
        self.other_rates: Counter[int] = Counter()
        self.error: str | None = None
        self.hung_up = False
        self._announcement = frame(UUID, uuid.UUID(self.call_id).bytes)
        self._host, self._port = host, port
        self._kind = audio_kind(sample_rate_hz)
        self._microphone = Microphone(sample_rate_hz)
        self._frames = AsteriskFrames()
        self._stalling: asyncio.TimerHandle | None = None

    # What the phone does

    async def say(self, source: str | PathLike[str] | Buffer) -> None:
        """Speak, and return when it has been sent or the call is over.

        Args:
            source: s16 samples, or the path of a WAV file, mono; the last frame is filled up with silence.

        Raises:
            CodecError: the file is no such WAV file; nothing is said.
        """
        await self._speak_into(self._microphone, source)

    async def press(self, digits: str) -> None:
        """Press keys, one frame each: ``0`` to ``9``, ``*``, ``#`` and ``A`` to ``D``.

        Raises:
            LocalProtocolError: no such key; none is pressed.
        """
        if unknown := set(digits) - _KEYS:
            raise LocalProtocolError(f"a key is one of 0-9, *, #, A-D, got {min(unknown)!r}")
        for digit in digits:
            self._write(frame(DTMF, digit.encode()))

    async def hang_up(self) -> None:
        """Say that the call is over, and close; nothing if it is."""
        if not self._over.is_set():
            self._write(frame(HANGUP))
            self._transport.close()
        await self.wait_closed()

    async def drop(self) -> None:
        """Vanish, as a broken connection does."""
        self._transport.abort()
        await self.wait_closed()

    # How it works

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_connection(lambda: _Line(self), self._host, self._port)
        self._write(self._announcement)
        self._speaking = asyncio.create_task(self._speak())
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.hang_up()
        self._speaking.cancel()
        await asyncio.wait([self._speaking])

    async def _speak(self) -> None:
        async for _ in every_20_ms():
            spoken = self._microphone.frame()
            if self._write(frame(self._kind, little_endian(spoken))):
                self.said += spoken
            self._notify()

    def _write(self, data: bytes) -> bool:
        if self._over.is_set() or self._transport.is_closing():
            return False
        self._transport.write(data)
        return True

    def take(self, data: bytes) -> None:
        """Take bytes that came from the server, cut anywhere."""
        if self._stalling is not None:
            self._stalling.cancel()
        try:
            for kind, payload in self._frames.read(data):
                if kind == HANGUP:
                    self.hung_up = True
                    self._transport.close()
                    return
                self._play(kind, payload)
        except BadFrameError as error:
            self._give_up(str(error))
            return
        if self._frames.partial:
            late = f"the rest of a frame came over {STALL_MS} ms late"
            self._stalling = asyncio.get_running_loop().call_later(STALL_MS / 1000, self._give_up, late)
        self._notify()

    def _play(self, kind: int, payload: bytes) -> None:
        if kind == self._kind:
            self._hear(little_endian(payload))
        else:
            self.other_rates[sample_rate_hz(kind)] += 1

    def _give_up(self, why: str) -> None:
        self.error = why
        self._write(frame(ERROR, _FORWARDING_FAILED))
        self._transport.close()

    def lost(self) -> None:
        """Take note that the connection is over."""
        if self._stalling is not None:
            self._stalling.cancel()
        self._end()


class _Line(asyncio.Protocol):
    """The caller's connection."""

    def __init__(self, caller: AsteriskCaller) -> None:
        self._caller = caller

    def data_received(self, data: bytes) -> None:
        self._caller.take(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._caller.lost()
