"""The call: one object for every protocol, on the server's side and on the client's."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterable, Coroutine, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from phonewire._typing import Buffer
from phonewire.aio.call.attention import Attention
from phonewire.aio.call.carrier import Again, Carrier
from phonewire.aio.call.ears import Ears
from phonewire.aio.call.goodbye import OutputVariables, goodbye
from phonewire.aio.call.settings import CallSettings
from phonewire.aio.call.stats import call_stats
from phonewire.aio.inbound.inbound import Inbound, Tap
from phonewire.aio.inbound.reframing import frame_format
from phonewire.aio.outbound.mark import Mark
from phonewire.aio.outbound.outbound import Outbound
from phonewire.aio.outbound.source import in_thread, payload_bytes, require_audio, wav_payloads
from phonewire.aio.pacing import Paced
from phonewire.aio.recording.plan import RecordingEncoding, RecordingPlan, RecordingTracks, file_encoding, length_of
from phonewire.aio.recording.recorder import Recording
from phonewire.aio.sample_rate import check_rate
from phonewire.aio.timeline import SENT
from phonewire.aio.transports.line import Line
from phonewire.aio.transports.transport import Transport
from phonewire.errors import CallEndedError, LocalProtocolError
from phonewire.protocols.connection import Dtmf, EndReason, Media, MediaConnection, MediaFormat
from phonewire.protocols.connection import Mark as ProtocolMark
from phonewire.protocols.payload import encoder, whole_samples
from phonewire.stats import CallStats

__all__ = ["Call"]


class Call:
    """A phone call.

    Attributes:
        id: the platform's id of the call.
        protocol: name of the protocol that carries it.
        parameters: what the platform passed along, such as TwiML's ``<Parameter>`` elements; all strings.
        media_format: how audio is coded on the wire.
        settings: how it behaves, as the endpoint or `connect` decided.
    """

    def __init__(
        self, engine: MediaConnection, transport: Transport, settings: CallSettings, again: Again | None = None
    ) -> None:
        self._line = Line(engine, transport)
        self.settings = settings
        self._may_send = engine.may_send_media and not settings.listen_only
        self._outbound = Outbound(self._line, settings.outbound, self._failed)
        self._sender = self._outbound.sender
        self._encode = encoder(engine.media_format.encoding)
        self._sample_bytes = 2 * engine.media_format.channels  # of one sample of every channel
        self._inbound = Inbound(
            engine.media_format, self._failed, lossless=settings.lossless, spread=settings.spread, seamed=bool(again)
        )
        if settings.dtmf_in_audio:
            self._inbound.find_keys()
        self.ears = Ears(self._inbound, self._outbound)
        self._attention = Attention(self.stats, lambda: self.holding_back, self._inbound.told, settings.no_media_s)
        self._carrier = Carrier(self._line, self._inbound, self._outbound, self._attention, again, settings.peer_closes)
        self._ended = self._carrier.ended
        self.id: str = engine.call_id
        self.protocol = settings.protocol
        self.parameters: Mapping[str, str] = engine.parameters
        self.media_format: MediaFormat = engine.media_format

    def __repr__(self) -> str:
        return f"<Call {self.id} protocol={self.protocol} {self.end_reason or 'open'}>"

    # Receiving

    def frames(
        self, *, track: str | None = None, ptime_ms: int | None = None, sample_rate_hz: int | None = None
    ) -> AsyncGenerator[Media]:
        """Yield the far end's audio, message by message, until the stream ends.

        Each reader has a queue of its own. One that is 10 s behind loses the oldest, counted in
        ``stats().unread_frames``; where audio comes faster than life (das-Peak), the far end waits instead.

        With *ptime_ms* or *sample_rate_hz* the messages are made into frames of one length, the last one of a track
        filled up with silence. What is missing by the far end's timestamps is silence, too, at most 5 s of it, beyond
        which a `Discontinuity` comes in `events`.

        Args:
            track: only frames of this track; all of them by default.
            ptime_ms: length of a frame, 1 to 1000; 20 when only a rate is given.
            sample_rate_hz: of the frames: 8000, 16000, 24000 or 48000. Another rate than the call's delays audio by
                up to 4 ms.

        Yields:
            Frames: ``payload`` (bytes as on the wire; at another rate than the call's the same as ``pcm``), ``pcm``
            (s16, native byte order), ``track``, ``timestamp_ms`` (of the first sample), ``media_format``.

        Raises:
            ValueError: at once: the call has no such track, there is no such frame, or no conversion to that rate.
        """
        if track is not None and track not in self.tracks:
            raise ValueError(f"the call has the tracks {', '.join(map(repr, self.tracks))}, got {track!r}")
        if ptime_ms is None and sample_rate_hz is None:
            return self._inbound.frames.read() if track is None else self._inbound.read_track(track)
        wanted, ptime_ms = frame_format(self.media_format, ptime_ms, sample_rate_hz)
        return self._inbound.read_frames(track, wanted, ptime_ms)

    async def events(self) -> AsyncGenerator[Any]:
        """Yield everything that is not audio, until the stream ends.

        Each reader has a queue of its own; one that is 1,000 events behind loses the oldest, counted in
        ``stats().unread_events``.

        Yields:
            What the far end says, in the protocol's own events: ``Dtmf``, and `phonewire.DtmfInAudio` where that was
            asked for; ``Mark``, though ``await call.mark(…)`` tells more; ``Rejected`` for a message that was skipped;
            ``Ended`` at the end. And what this side notices: `phonewire.NoMedia`, `Quality`, `Discontinuity`,
            `Disconnected`, `Reconnected`, `Unpaced`, `PositionDrift` and `RecordingFailed`.
        """
        self._attention.begin()
        self._inbound.frames.relax()
        async with contextlib.aclosing(self._inbound.events.read()) as events:
            async for event in events:
                yield event

    def record(
        self,
        path: str | Path,
        *,
        encoding: RecordingEncoding | None = None,
        tracks: RecordingTracks = "mono",
        outbound: bool = False,
        max_minutes: float | None = None,
        limit_ms: int | None = None,
        sidecar: bool = True,
    ) -> Recording:
        """Write what the far end says, and what this side says, to WAV files; needs no `frames` loop.

        Audio is where its media time says; what is missing becomes silence, at most 5 s of it, beyond which a
        `Discontinuity` comes in `events`. When the disk refuses, `RecordingFailed` comes there and the call goes on.

        Args:
            path: of the file, which ends in ``.wav`` and must not be there yet; or of a directory, in which it gets a
                name of its own.
            encoding: ``"ulaw"``, ``"alaw"`` or ``"s16"``; by default as on the wire.
            tracks: ``"mono"`` mixes everything into one channel, ``"separate"`` has a channel for each track: the far
                end's first, ours last.
            outbound: record what this side says too, when the far end plays it.
            max_minutes: begin another file after that, without losing a sample; they are numbered.
            limit_ms: how much audio to write at most, to the sample; None for all of it.
            sidecar: write a JSON file beside the audio: the call's id, when it was, how it ended, gaps, files.

        Returns:
            The recording, which goes on by itself.

        Raises:
            ValueError: an argument is none of these; nothing is recorded. What the disk refuses is told by
                `Recording.opened` and `Recording.closed`.
        """
        plan = RecordingPlan(
            path=Path(path),
            call_id=self.id,
            protocol=self.protocol,
            wire=self.media_format,
            encoding=file_encoding(encoding, self.media_format.encoding),
            tracks=self._line.engine.tracks + ((SENT,) if outbound and self.may_send else ()),
            layout=tracks,
            part_length=length_of(None if max_minutes is None else max_minutes * 60_000, self.media_format),
            limit=length_of(limit_ms, self.media_format),
            sidecar=sidecar,
        )
        recording = self._inbound.record(plan)
        if SENT in plan.tracks:
            self._outbound.listeners.append(recording.sent)
        if self._ended.done():
            recording.end(self._ended.result())
        return recording

    def tap(self, tap: Tap) -> None:
        """Give *tap* all that the far end says, audio and events in one order; what nobody has read yet, too."""
        self._inbound.tap(tap)
        if self._ended.done():
            tap.end()

    def untap(self, tap: Tap) -> None:
        """Give *tap* nothing more."""
        self._inbound.untap(tap)

    # Sending

    async def write(self, samples: Buffer, *, sample_rate_hz: int | None = None) -> None:
        """Say something: queue s16 samples, and wait while more than the queue's bound waits to be sent.

        Any pattern of sizes gives the same audio: what does not fill a frame waits for the next write. A `clear`
        ends a write that waits; the rest of it is dropped. The endpoint's *queue_policy* can make a full queue drop
        its oldest audio or raise instead. A write that is cancelled keeps what it has queued so far.

        Args:
            samples: n sample groups (2*n bytes for each channel), s16, native byte order.
            sample_rate_hz: of the samples: the call's own rate, which is the default, or 8000, 16000, 24000 or 48000.
                Writes of one rate are one stream, and are heard up to 4 ms later than at the call's own rate; what is
                inside the resampler is said at the next `mark`, `drain`, or write of another rate.

        Raises:
            LocalProtocolError: nothing may be sent on this call (one-way streams).
            CallEndedError: the call is over. A consumer that closes when it has enough is no error: what is
                written after that is dropped and counted in ``stats().unsent_ms``.
            CodecError: *samples* has an odd number of bytes, not a whole number of samples of every channel, or is a
                WAV file; nothing was queued.
            TypeError: *samples* is no buffer of bytes or native 16-bit samples (float32 is not); nothing was queued.
            BufferError: *samples* is not C-contiguous; nothing was queued.
            QueueFullError: the queue is full and its policy is to raise; nothing was queued.
            ValueError: there is no conversion from *sample_rate_hz*; nothing was queued.
        """
        if sample_rate_hz is None and self._sender.send_samples(samples):
            return  # as nearly all do
        await self._write(samples, sample_rate_hz)

    async def write_payload(self, payload: Buffer) -> None:
        """Say something that is coded as on the wire already (`media_format`); otherwise like `write`.

        Raises:
            CodecError: *payload* is not a whole number of samples of every channel, or a WAV file; nothing was queued.
            TypeError: *payload* is no buffer, or one of something else than bytes; nothing was queued.
        """
        if self._sender.send_payload(payload):
            return
        require_audio(payload, self.media_format.group_bytes)
        await self._queue(payload_bytes(payload))

    async def play(
        self,
        source: str | PathLike[str] | AsyncIterable[Buffer],
        *,
        sample_rate_hz: int | None = None,
        loop: bool = False,
    ) -> None:
        """Say what a WAV file or an async iterable of s16 samples holds.

        Returns when all of it is queued; ``await call.drain()`` waits until it was played. A `clear` ends it. When the
        source raises, so does this; what it gave before is played.

        Args:
            source: a path, or samples as `write` takes them. A file's rate is converted as in `write`, and its
                channels are mixed into one, or one is repeated, where the call has another number.
            sample_rate_hz: of an async iterable, as in `write`; a file says its own.
            loop: say a file again and again without a seam, until a `clear` or the end of the call: music on hold.

        Raises:
            CodecError: the file is not WAV, of a format that phonewire does not take, or of a rate or number of
                channels that there is no conversion from.
            OSError: the file cannot be read.
            TypeError: *source* is neither, or *loop* or *sample_rate_hz* is for the other; nothing was queued.
            LocalProtocolError, CallEndedError, QueueFullError: as `write`.
        """
        if isinstance(source, AsyncIterable):
            if loop:
                raise TypeError("an async source can be played only once: loop=True takes a file")
            await self._play_samples(source, sample_rate_hz)
        elif not isinstance(source, str | PathLike):
            raise TypeError(f"source is a path or an async iterable of samples, got {type(source).__name__}")
        elif sample_rate_hz is not None:
            raise TypeError("a file says its own sample rate: sample_rate_hz is for an async source")
        else:
            await self._play_file(source, loop=loop)

    async def _play_samples(self, source: AsyncIterable[Buffer], sample_rate_hz: int | None) -> None:
        async for samples in source:
            if not await self._write(samples, sample_rate_hz):
                return
        await self._outbound.writer.flush()

    async def _play_file(self, path: str | PathLike[str], *, loop: bool) -> None:
        async with contextlib.aclosing(in_thread(wav_payloads(path, self.media_format, loop=loop))) as payloads:
            async for payload in payloads:
                if not await self._queue(payload):
                    return
        await self._outbound.writer.flush()

    async def drain(self) -> None:
        """Wait until everything said has been sent and played, or until the call ends.

        The last frame is filled up with silence where the protocol sends whole frames.
        """
        await self._outbound.drain()

    async def clear(self) -> int:
        """Barge in: drop what is queued here and at the far end.

        Writes and plays that wait end; what they had left is dropped. Audio written after this is played. Marks that
        come back only because of this are not taken for played. Where the protocol has no clear, the far end buffers
        nothing, and what has been sent is heard.

        Returns:
            Milliseconds that were heard of what was said since the last `clear`, as far as this side can know.

        Raises:
            LocalProtocolError: nothing may be sent on this call, or it is sent as fast as the far end takes it.
            CallEndedError: the call is over.
        """
        self._require(self._may_send and self._outbound.knows_what_is_heard, "clear")
        return self._outbound.clear()

    def mark(self, name: str) -> Mark:
        """Put a mark behind what was said so far and return it; ``await`` it to learn when that was played.

        A frame that is not full yet is filled up with silence. Where the protocol has no marks, this side's own count
        says when it was played.

        Raises:
            LocalProtocolError: nothing may be sent on this call, or it is sent as fast as the far end takes it.
            CallEndedError: the call is over.
            ValueError, TypeError: *name* is not 1 to 1000 bytes of UTF-8, or no str; nothing was queued.
        """
        self._require(self._may_send and self._outbound.knows_what_is_heard, "marks")
        return self._outbound.mark(name)

    def follow(self, leader: Paced | None) -> None:
        """Send what `put_live` queues in the ticks of *leader*, a conference; with None, at times of its own again."""
        self._outbound.follow(leader)

    def put_live(self, frame: bytes) -> None:
        """Say a frame of 20 ms, coded as on the wire, that is made as it is said; never waits, and never raises.

        What is too late, and what cannot be sent now, is dropped and counted in ``stats().dropped_ms``. Nothing else is
        to be written meanwhile, or the two would alternate.
        """
        self._outbound.put_live(frame)

    def send(self, event: Dtmf | ProtocolMark) -> None:
        """Send at once that a key is pressed (`Dtmf`), or that a far end's `Mark` has been played.

        Raises:
            LocalProtocolError: the protocol does not let this side send it, or not now.
            CallEndedError: the call is over.
        """
        self._require(True, "events")
        self._line.say(event)
        self._outbound.look()

    async def _write(self, samples: Buffer, sample_rate_hz: int | None) -> bool:
        require_audio(samples, self._sample_bytes)
        own_hz = self.media_format.sample_rate_hz
        if sample_rate_hz is None or sample_rate_hz == own_hz:
            return await self._queue(self._encode(samples))
        check_rate(sample_rate_hz, own_hz)
        own = whole_samples(samples)  # a copy: it is converted while the program goes on
        self._require_wanted()
        return await self._outbound.writer.write_samples(own, sample_rate_hz)

    async def _queue(self, payload: bytes) -> bool:
        self._require_wanted()
        return await self._outbound.writer.write(payload)

    @property
    def may_send(self) -> bool:
        """Whether this side may say anything: not on one-way streams, nor when it was to listen only."""
        return self._may_send

    def _require_wanted(self) -> None:
        if (self._ended.done() or not self._may_send) and self.end_reason is not EndReason.COMPLETED:  # it is counted
            self._require(self.may_send, "audio")

    def _require(self, may: bool, what: str) -> None:
        if self._ended.done():
            raise CallEndedError(self._ended.result())
        if not may:
            raise LocalProtocolError(f"{self.protocol} takes no {what} from this side")

    # The whole call

    @property
    def end_reason(self) -> EndReason | None:
        """How the call ended; None while it goes on."""
        return self._ended.result() if self._ended.done() else None

    @property
    def peer(self) -> str:
        """Address of the far end."""
        return self._line.transport.peer

    @property
    def close_code(self) -> int | None:
        """WebSocket close code that ended the connection; 1006 when it vanished; None while it is up."""
        return self._carrier.close_code

    @property
    def holding_back(self) -> bool:
        """Whether it is no wonder that nothing comes: the far end has paused, or is made to wait for a reader here."""
        return self._inbound.holding_back or self._line.engine.paused

    @property
    def tracks(self) -> tuple[str | None, ...]:
        """The platform's names of the voices that it sends; None where they have none."""
        return self._line.engine.tracks

    @property
    def queued_ms(self) -> int:
        """How much of what was said waits to be sent."""
        return self._outbound.writer.queued_ms

    @property
    def played_ms(self) -> int:
        """How much of what was said the far end has played, as far as this side can know."""
        return self._outbound.played_ms

    def stats(self) -> CallStats:
        """Return what has been counted so far."""
        return call_stats(self._line.engine, self._inbound, self._outbound, self._carrier.faults)

    async def wait_ended(self) -> EndReason:
        """Wait until the stream has ended, and return how."""
        return await asyncio.shield(self._ended)

    async def close(self, code: int = 1000, reason: str = "", *, output_variables: OutputVariables = None) -> None:
        """Hang up: say the protocol's goodbye and close the connection.

        What is still queued is dropped and counted; ``await call.drain()`` first to let it be heard. May be called
        again, and after the far end has closed.

        Args:
            code: WebSocket close code; with another than 1000 and 1001 the goodbye says that something went wrong.
            reason: of that, for people.
            output_variables: for the flow that the call came from (Audio Connector), at most 60,000 bytes as JSON.

        Raises:
            LocalProtocolError: the protocol takes no *output_variables*; or CallEndedError: the call was over before.
            TypeError, ValueError: they are not str by str, or too long; the call goes on.
        """
        last = goodbye(code, reason, output_variables, self._line.engine.dialect)
        if output_variables:
            self._require(True, "output variables")
        await self._carrier.close(code, last)

    def run(self) -> Coroutine[None, None, None]:
        """Return what carries messages until the call ends, in a task of servers and clients beside the handler."""
        return self._carrier.run()

    def _failed(self, what: str) -> None:
        self._carrier.fail(what)

    def dispatch(self, event: Any) -> None:
        """Give an event of the engine to everybody whom it concerns."""
        self._carrier.dispatch(event)
