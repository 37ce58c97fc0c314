"""A conference: calls whose parties hear each other."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncGenerator
from os import PathLike
from pathlib import Path
from typing import Any
from uuid import uuid4

from phonewire.aio.call.call import Call
from phonewire.aio.conference.events import LegJoined, LegLeft
from phonewire.aio.conference.leg import Leg
from phonewire.aio.conference.mixer import Mixed, mix
from phonewire.aio.conference.voice import Voice
from phonewire.aio.inbound.inbound import Inbound
from phonewire.aio.inbound.reframing import frame_format
from phonewire.aio.inbound.subscription import Fanout
from phonewire.aio.pacing import PTIME_MS, ticker
from phonewire.aio.recording.plan import RecordingEncoding, RecordingPlan, file_encoding, length_of
from phonewire.aio.recording.recorder import Recording
from phonewire.aio.sample_rate import RESAMPLED_HZ
from phonewire.errors import ConferenceFullError, LocalProtocolError
from phonewire.protocols.connection import EndReason, Media, MediaFormat
from phonewire.stats import ConferenceStats, LegStats

__all__ = ["Conference"]

_log = logging.getLogger("phonewire.conference")

_MS = 1_000_000  # ns
_TICK_NS = PTIME_MS * _MS
_FRAMES_PER_TICK = 3  # after a stall, as calls do when they catch up
_EVENTS = 100  # that wait for a reader: each holds a call, which may long be over
_MOST_BEHIND = 5  # frames; further behind than this the schedule moves instead


class Conference:
    """Calls whose parties hear each other: each leg hears the sum of all others.

    Legs may have any protocol and any of the sample rates 8, 16, 24 and 48 kHz. Every 20 ms a frame of each is mixed
    and sent in the same tick. A leg that says nothing, or falls behind, holds nobody up.

    Args:
        conference_id: its name, for recordings; by default a new one.
        sample_rate_hz: that is mixed at: 8000, 16000, 24000 or 48000.
        max_legs: that may be in it at the same time.
        buffer_ms: audio of each leg that may wait to be mixed, 40 or more. What comes at once beyond that is lost,
            oldest first. More than the 200 ms that VoIPBIN's clients may be ahead of their time.

    Attributes:
        id: as given.

    Raises:
        ValueError: one of these is out of its range.
    """

    def __init__(
        self,
        conference_id: str | None = None,
        *,
        sample_rate_hz: int = 8000,
        max_legs: int = 100,
        buffer_ms: int = 300,
    ) -> None:
        if sample_rate_hz not in RESAMPLED_HZ:
            raise ValueError(f"sample_rate_hz is one of {', '.join(map(str, RESAMPLED_HZ))}, got {sample_rate_hz}")
        if max_legs < 1:
            raise ValueError(f"max_legs is at least 1, got {max_legs}")
        if buffer_ms < 2 * PTIME_MS:
            raise ValueError(f"buffer_ms is at least {2 * PTIME_MS}, got {buffer_ms}")
        self.id = conference_id or str(uuid4())
        self._rate_hz, self._max_legs, self._buffer_ms = sample_rate_hz, max_legs, buffer_ms
        self._format = MediaFormat("s16le" if sys.byteorder == "little" else "s16be", sample_rate_hz)
        self._silence = bytes(self._format.bytes_per_ms * PTIME_MS)
        self._legs: dict[Call, Leg] = {}
        self._shared: dict[MediaFormat, Voice] = {}  # of what everybody hears who says nothing
        self._tap = Inbound(self._format, self._failed, lossless=False)
        self._tap.events = Fanout(_EVENTS)
        self._origin_ns: int | None = None
        self._next_ns = self._ticked_ns = 0  # the tick of the next frame; the last tick
        self._mixed = self._shifts = 0
        self._closed = False

    def __repr__(self) -> str:
        return f"<Conference {self.id} legs={len(self._legs)}{' closed' if self._closed else ''}>"

    # Legs

    @property
    def legs(self) -> tuple[Call, ...]:
        """The calls that are in it, in the order in which they joined."""
        return tuple(self._legs)

    async def join(self, call: Call, *, listen_only: bool = False) -> None:
        """Take part with *call* until it ends, `leave` is called for it, or the conference is closed.

        What the call says from now on is mixed; it may be read and recorded beside that. Nobody else may write to it
        meanwhile: the two would be heard by turns.

        Args:
            call: of one channel.
            listen_only: hear the others, and say nothing.

        Raises:
            ConferenceFullError: it takes no more legs.
            LocalProtocolError: the call is in it already.
            ValueError: the call has several channels, or a sample rate that there is no conversion of.
        """
        if self._closed:
            return
        if call in self._legs:
            raise LocalProtocolError("the call is in the conference already")
        if len(self._legs) >= self._max_legs:
            raise ConferenceFullError("legs in the conference", self._max_legs)
        leg = Leg(call, self._rate_hz, self._buffer_ms, listen_only=listen_only)
        self._enter(leg)
        speaking = asyncio.create_task(leg.speak())
        try:
            await asyncio.wait([speaking, leg.left], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._part(leg)
            speaking.cancel()
            await asyncio.wait([speaking])

    def leave(self, call: Call) -> None:
        """Have *call* leave: its `join` returns, and the call goes on; no error when it is not in."""
        if call in self._legs:
            self._part(self._legs[call])

    def mute(self, call: Call, muted: bool = True) -> None:
        """Let nobody hear what *call* says, or hear it again; it goes on hearing the others.

        Raises:
            LocalProtocolError: the call is not in the conference.
        """
        inlet = self._leg(call).inlet
        if inlet is not None:
            inlet.muted = muted

    def leg_stats(self, call: Call) -> LegStats:
        """Return what became of what *call* said; `LegLeft` has it when it has left.

        Raises:
            LocalProtocolError: the call is not in the conference.
        """
        return self._leg(call).stats()

    def _leg(self, call: Call) -> Leg:
        try:
            return self._legs[call]
        except KeyError:
            raise LocalProtocolError("the call is not in the conference") from None

    def _enter(self, leg: Leg) -> None:
        if not self._legs:
            first_ns = ticker().join(self)
            assert first_ns is not None  # noqa: S101 - tells the type checker that an empty conference does not tick
            self._next_ns, self._ticked_ns = first_ns, first_ns - _TICK_NS
        self._legs[leg.call] = leg
        leg.call.follow(self)
        self._tap.told(LegJoined(leg.call, leg.inlet is None))

    def _part(self, leg: Leg) -> None:
        """Let a leg go; again for one that has gone does nothing."""
        if self._legs.get(leg.call) is not leg:
            return
        del self._legs[leg.call]
        leg.hang_up()
        leg.call.follow(None)
        self._tap.told(LegLeft(leg.call, leg.stats()))
        if not self._legs:
            ticker().leave(self)

    # Listening in

    def frames(self, *, ptime_ms: int | None = None, sample_rate_hz: int | None = None) -> AsyncGenerator[Media]:
        """Yield what all legs say together, until the conference is closed; arguments as of `Call.frames`."""
        if ptime_ms is None and sample_rate_hz is None:
            return self._tap.frames.read()
        wanted, ptime_ms = frame_format(self._format, ptime_ms, sample_rate_hz)
        return self._tap.read_frames(None, wanted, ptime_ms)

    async def events(self) -> AsyncGenerator[Any]:
        """Yield who comes and goes, `LegJoined` and `LegLeft`, and what is wrong with recordings.

        Each reader has a queue of its own; one that is 100 events behind loses the oldest.
        """
        async for event in self._tap.events.read():
            yield event

    def record(
        self,
        path: str | PathLike[str],
        *,
        encoding: RecordingEncoding | None = None,
        max_minutes: float | None = None,
        limit_ms: int | None = None,
        sidecar: bool = True,
    ) -> Recording:
        """Write what all legs say together to WAV files, and return the recording; otherwise as `Call.record`.

        Raises:
            ValueError: an argument is none of these; nothing is recorded.
        """
        plan = RecordingPlan(
            path=Path(path),
            call_id=self.id,
            protocol="conference",
            wire=self._format,
            encoding=file_encoding(encoding, self._format.encoding),
            tracks=(None,),
            part_length=length_of(None if max_minutes is None else max_minutes * 60_000, self._format),
            limit=length_of(limit_ms, self._format),
            sidecar=sidecar,
        )
        recording = self._tap.record(plan)
        if self._closed:
            recording.end(EndReason.CLOSED)
        return recording

    def stats(self) -> ConferenceStats:
        """Return what has been counted so far."""
        return ConferenceStats(mixed_ms=self._mixed * PTIME_MS, legs=len(self._legs), schedule_shifts=self._shifts)

    async def close(self) -> None:
        """End it: every `join` returns, readers and recordings end; may be called again. Calls are not hung up."""
        self._end()
        await self._tap.finish_recordings()

    def _end(self) -> None:
        self._closed = True
        for leg in tuple(self._legs.values()):
            self._part(leg)
        self._tap.end(EndReason.CLOSED)

    # Mixing

    def tick(self, due_ns: int) -> bool:
        """Mix the frame that is due; the ticker calls it, until it returns that there are no legs."""
        for _ in range(self._frames_due(due_ns)):
            self._mix()
            self._next_ns += _TICK_NS
        self._ticked_ns = due_ns
        return bool(self._legs)

    def tick_failed(self) -> None:
        """End it: nobody would hear anybody any more."""
        self._failed("mixing")

    def _failed(self, what: str) -> None:
        _log.error("conference %s: %s failed", self.id, what, exc_info=True)
        self._end()

    def _frames_due(self, due_ns: int) -> int:
        behind = (due_ns - self._next_ns) // _TICK_NS
        if behind > _MOST_BEHIND:
            self._shifts += 1
            self._next_ns = due_ns
            return 1
        if due_ns - self._ticked_ns > _TICK_NS:
            return 1  # the loop was busy: what came meanwhile is still to be read, and mixed in the ticks that follow
        return min(behind + 1, _FRAMES_PER_TICK)

    def _mix(self) -> None:
        mixed = mix([leg.inlet for leg in self._legs.values() if leg.inlet is not None], self._silence)
        coded: dict[MediaFormat, bytes] = {}
        for leg in self._legs.values():
            if leg.voice is not None:
                leg.call.put_live(self._heard(leg, leg.voice, mixed, coded))
        if self._origin_ns is None:
            self._origin_ns = self._next_ns
        timestamp_ms = (self._next_ns - self._origin_ns) // _MS
        self._tap.heard(Media(mixed.everything, None, timestamp_ms, self._format))
        self._mixed += 1

    def _heard(self, leg: Leg, voice: Voice, mixed: Mixed, coded: dict[MediaFormat, bytes]) -> bytes:
        """Return the payload that a leg hears; what several hear is coded once."""
        own = mixed.others.get(leg.inlet) if leg.inlet is not None else None
        if own is not None:
            return voice.code(own)
        if leg.inlet is not None and voice.has_memory:  # it hears something else when it speaks
            return voice.code(mixed.everything)
        wire = leg.call.media_format
        if wire not in coded:
            if wire not in self._shared:
                self._shared[wire] = Voice(self._rate_hz, wire)
            coded[wire] = self._shared[wire].code(mixed.everything)
        return coded[wire]
