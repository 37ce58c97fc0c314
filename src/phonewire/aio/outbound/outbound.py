"""Audio on its way out: taken from the queue and sent on the far end's schedule."""

from __future__ import annotations

from collections.abc import Callable

from phonewire.aio import faults
from phonewire.aio.outbound.batch import Batch
from phonewire.aio.outbound.far_end import FarEnd, Sender
from phonewire.aio.outbound.framer import SILENCE
from phonewire.aio.outbound.latency import Latency
from phonewire.aio.outbound.mark import Mark, MarksInFlight
from phonewire.aio.outbound.playback import Playback
from phonewire.aio.outbound.punctuality import Punctuality
from phonewire.aio.outbound.settings import OutboundSettings
from phonewire.aio.outbound.writer import Writer
from phonewire.aio.pacing import PTIME_MS, Paced, ticker
from phonewire.aio.transports.line import Line
from phonewire.aio.transports.message_budget import MessageBudget
from phonewire.protocols.connection import PlaybackCompleted, PlaybackStarted, State

__all__ = ["Outbound"]

_MS = 1_000_000  # ns
_MAX_RTT_US = 2_000_000  # more is no answer but a pause
_FRAMES_PER_TICK = 3  # after a stall: catch up without a burst that a jitter buffer would have to swallow
_GRACE_NS = 100 * _MS  # further behind than this the schedule moves instead
_COMPLETED_NS = 1000 * _MS  # for a far end to say that it has played all, after it should have
_MAX_BUFFERED_BYTES = 65_536  # a socket as full as this has a far end that does not read: the audio waits here


class Outbound:
    """The sending half of a call.

    Args:
        line: the connection.
        settings: how to send.
        failed: told, in words, what of the call does not go on because of an error that is being handled.

    Attributes:
        writer: takes what the call says.
        sender: takes what can go out at once; to be asked first. It counts all that is sent.
        held: nothing is sent; what is written waits.
        silence_bytes: silence that was sent because there was nothing to say.
        schedule_shifts: times that sending fell so far behind that its schedule moved.
        punctuality: how late the clock lets it send.
        latency: how long audio takes from here to the far end's ear.
        listeners: told of each frame that is sent and when the far end plays it, in ns on the clock of the ticker;
            of no audio when it stops playing what it has.
    """

    def __init__(self, line: Line, settings: OutboundSettings, failed: Callable[[str], None]) -> None:
        self._failed = failed
        self._line = line
        self._settings = settings
        self._wire = wire = line.engine.media_format
        self._lead_ns = settings.lead_ms * _MS
        self._frame_ns = wire.ns_of(settings.frame_size)
        self._grace_ns = 0 if settings.lead_ms else _GRACE_NS  # a far end that buffers and ran empty begins anew
        self._ticker = ticker()
        self._now_ns = self._ticker.now_ns
        self._leader: Paced | None = None
        self._far_end = FarEnd(self._now_ns())
        self.sender = Sender(self._far_end, self._lead_ns, _MAX_BUFFERED_BYTES, self._now_ns)
        self.writer = Writer(wire, settings, self._send, self.sender.close)
        self._queue = self.writer.queue
        self._playback = Playback(self._far_end)
        self._batch = self._batches()
        self._marks = MarksInFlight()
        self._has_short_way = settings.paced and settings.lead_ms > 0 and not (self._batch or settings.continuous)
        self._silence = SILENCE[wire.encoding] * settings.frame_size if settings.continuous else b""
        self._heard_at_clear_ns = self._confirmed_ns = self._never_confirmed_ns = 0
        self._backlog = False  # audio was left waiting for its time
        self.held = line.engine.state is State.OPENING
        self.silence_bytes = self.schedule_shifts = 0
        self.punctuality = Punctuality()
        self.latency = Latency()
        self.listeners = self.sender.listeners

    @property
    def played_ms(self) -> int:
        """What the far end has played, as far as this side can know, in ms since the start of the call."""
        return self._far_end.played_ns(self._now_ns()) // _MS

    @property
    def unconfirmed_ms(self) -> int:
        """Audio that was sent and that nothing has confirmed, neither a mark nor an answer of the connection."""
        return (self._never_confirmed_ns + max(self.sent_ns - self._confirmed_ns, 0)) // _MS

    @property
    def sent_ns(self) -> int:
        """Audio that was sent and not cleared."""
        return self._far_end.sent_ns

    @property
    def knows_what_is_heard(self) -> bool:
        """Whether this side can tell: marks come back, or audio goes out in real time."""
        return self._line.engine.may_mark or self._settings.paced

    def _batches(self) -> Batch | None:
        rate = self._settings.message_rate
        if rate is None:
            return None
        self._line.budget = MessageBudget(rate, self._now_ns)
        return Batch(self._wire, rate, self._settings.lead_ms, self._line.budget)

    # What the call asks for

    def follow(self, leader: Paced | None) -> None:
        """Send in the ticks of *leader*, right after it; when that is None, in ticks of its own again."""
        self._leader = leader
        if self._ticker.leave(self):
            self._join()

    def put_live(self, frame: bytes) -> None:
        """Queue a frame that is said as it is made; what is too late, or cannot be sent now, is dropped."""
        try:
            if self.held or self.writer.ended or self._line.transport.buffered_bytes >= _MAX_BUFFERED_BYTES:
                self.writer.dropped_bytes += len(frame)
            else:
                self.writer.put_live(frame)
                self._start_sending()
        except Exception:
            self.tick_failed()  # this call's fault is not that of the others who hear the same

    async def drain(self) -> None:
        """Wait until everything has been sent and, at a far end that buffers, played; or until the call ends."""
        await self.writer.drain()
        while self._lead_ns and not self.writer.ended and (left_ns := self._left_to_play_ns()) > 0:
            await self.writer.wait(timeout_s=left_ns / 1e9)

    def _left_to_play_ns(self) -> int:
        quiet_at_ns = self._far_end.quiet_at_ns + (_COMPLETED_NS if self._playback.begun else 0)
        return quiet_at_ns - self._now_ns()

    def mark(self, name: str) -> Mark:
        """Queue a mark behind the audio queued so far."""
        mark = Mark(name, self._now_ns())
        self.writer.finish()
        self._queue.append(mark)
        self._start_sending()
        return mark

    def clear(self) -> int:
        """Drop what is queued here and at the far end; return the ms heard since the last clear."""
        self.writer.clear()
        played_ns = self._clear_far_end() if self._has_to_clear else self._far_end.sent_ns
        heard_ns, self._heard_at_clear_ns = played_ns - self._heard_at_clear_ns, played_ns
        return round(heard_ns / _MS)

    @property
    def _has_to_clear(self) -> bool:
        """Whether there is a far end to be cleared; one that counts messages is asked only where it has something."""
        if self.held or not self._line.engine.may_clear:
            return False
        return self._batch is None or self._far_end.sent_ns > self._heard_at_clear_ns

    def _clear_far_end(self) -> int:
        now_ns = self._now_ns()
        played_ns = self._far_end.clear(now_ns)
        self._playback.cleared(now_ns)
        self._marks.cleared(played_ns)
        for listener in self.listeners:
            listener(b"", now_ns)
        self._line.engine.send_clear()
        self._line.write_out()
        return played_ns

    def mark_returned(self, name: str) -> bool:
        """Take the echo of a mark; return whether it proves that the audio before it was played."""
        mark = self._marks.returned(name)
        if mark is not None:
            now_ns = self._now_ns()
            self._far_end.confirm(mark.position_ns, now_ns)
            self._confirmed_ns = mark.position_ns
            self.latency.add(mark, now_ns)
        return mark is not None

    def told_of_playback(self, event: PlaybackStarted | PlaybackCompleted) -> None:
        """Take the far end's word of what it plays."""
        if self.writer.ended:
            return
        now_ns, rtt_us = self._now_ns(), self._line.engine.rtt_us
        at_ns = now_ns - min(rtt_us or 0, _MAX_RTT_US) * 1000
        if isinstance(event, PlaybackCompleted):
            self._playback.completed(at_ns)
            self.confirm(self._playback.reached_ns)
        else:
            self._playback.started(None if rtt_us is None else at_ns)
        self._join()  # it may play for longer than was believed, and marks may have been reached
        self.writer.wake()

    # What the connection does

    def hold(self) -> None:
        """Send nothing until `release`."""
        self.held = True
        self.sender.forget()
        self._backlog = False  # what waits then is not late
        self._ticker.leave(self)

    def look(self) -> None:
        """Send while the stream is open and not paused; at other times the far end would not take it."""
        engine = self._line.engine
        may_send = engine.state is State.OPEN and not engine.silenced
        if may_send and self.held:
            self.release()
        elif not may_send and not self.held:
            self.hold()

    def release(self) -> None:
        """Send what waits and what comes, and silence where the far end waits for audio."""
        if self.writer.ended:
            return
        self.held = False
        self.writer.wake()
        if self._settings.paced:
            if self._silence:
                self._join()
                self._write_silence()  # at once, ahead of the schedule: the far end waits for a first sign
            self._start_sending()

    def confirm(self, sent_ns: int) -> None:
        """Take note that the far end has the first *sent_ns* of what was sent."""
        self._confirmed_ns = max(self._confirmed_ns, sent_ns)

    def broke(self) -> int:
        """Hold, because the connection is gone; return how many ms that were sent over it may not have arrived."""
        self.hold()
        if self._line.engine.may_mark:
            self._marks.end()
        unconfirmed_ns = max(self.sent_ns - self._confirmed_ns, 0)
        self._never_confirmed_ns += unconfirmed_ns
        self._confirmed_ns = self.sent_ns
        return unconfirmed_ns // _MS

    def end(self) -> None:
        """Drop everything and wake everybody: the call is over."""
        self.sender.forget()
        self.writer.end()
        self._marks.end()
        self._ticker.leave(self)

    # Out of the queue

    async def _send(self) -> None:
        if self._settings.paced:
            self._start_sending()
        while self._queue and not self._settings.paced:
            if self.held:
                await self.writer.wait()
                continue
            self._send_next(self._now_ns())
            await self._line.transport.drain()

    def _start_sending(self) -> None:
        """Send what is due at once and leave the rest, and whatever waits already, to the ticker."""
        if self.held:
            return
        if self._lead_ns and not self._backlog:
            now_ns = self._now_ns()
            self._send_due(now_ns, now_ns)
        if self._queue:
            self.sender.close()
            self._join()
        elif self.sender.is_ready and not self.sender.is_open and self.writer.at_rest:
            self.sender.open()

    def _join(self) -> None:
        first_ns = self._ticker.join(self, self._leader)
        if first_ns is None:
            return  # it ticks already
        self.punctuality.expect(first_ns)
        if not self._lead_ns:
            # Without a lead the first frame waits for its slot too, so that all frames are 20 ms apart. Who changes to
            # a leader's slot sends one frame up to 20 ms early, or else each of them would wait for the next tick.
            earliest_ns = self._far_end.idle_at_ns if self._leader is None else first_ns
            self._far_end.idle_at_ns = max(earliest_ns, first_ns)

    def tick(self, due_ns: int) -> bool:
        """Send what is due; return False when there is nothing to say and nothing playing.

        What is due is asked of the grid, not of the clock, so that a late tick sends no more and no less than one in
        time. Without a lead the schedule moves along the grid, too; with one it begins when the audio gets there.
        """
        now_ns = self._now_ns()
        self.punctuality.tick(now_ns, due_ns + PTIME_MS * _MS)
        sent = self._send_due(due_ns, now_ns if self._lead_ns else due_ns)
        if self._silence and not sent and not self.held and self._may_send(due_ns):
            self._skip(max(due_ns - self._far_end.idle_at_ns, 0))
            self._send_silence(due_ns)
        if not self._line.engine.may_mark:
            self._marks.reached(self._far_end.played_ns(due_ns))
        return bool(self._queue) or self._far_end.idle_at_ns > due_ns or bool(self._silence)

    def tick_failed(self) -> None:
        """Give up the call: a far end that hears nothing would wait for ever."""
        self._failed("sending")

    def _send_due(self, due_ns: int, now_ns: int) -> int:
        """Send what is due, and return how many frames that was."""
        frames = 0
        while (
            self._queue and frames < _FRAMES_PER_TICK and (self._may_send(due_ns) or isinstance(self._queue[0], Mark))
        ):
            frames += self._send_next(now_ns)
            if self.held:
                return frames
        self._backlog = bool(self._queue) and not (self._batch is not None and self._batch.gathers)
        return frames

    def _may_send(self, due_ns: int) -> bool:
        """Whether the far end is about to need a frame, and its socket takes it."""
        return (
            (self._batch is None or self._batch.is_due(self._queue, due_ns))
            and self._far_end.idle_at_ns - self._lead_ns <= due_ns
            and self._line.transport.buffered_bytes < _MAX_BUFFERED_BYTES
        )

    def _send_next(self, now_ns: int) -> bool:
        """Send the head of the queue, and return whether it was audio. What is not sent stays in it."""
        item = self._queue[0]
        if self.sender.send_queued(item, now_ns):
            self.writer.took_head()
            return True
        if not isinstance(item, bytes):
            self._send_mark(item, now_ns)
            return False
        # Without a backlog, or silence in between, the schedule moves because there was nothing to say.
        if (self._backlog or self._silence) and now_ns - self._far_end.idle_at_ns > self._grace_ns:
            self._skip(now_ns - self._far_end.idle_at_ns)
        if self._batch is not None:
            return self._send_batch(now_ns)
        if not self._write_audio(item):
            return False
        self.writer.took_head()
        self._count_sent(item, now_ns)
        if self._has_short_way and not self.sender.is_ready:
            self._prepare_sender()
        return True

    def _prepare_sender(self) -> None:
        framers = self._line.engine.media_framers(self._settings.frame_size)
        if framers is not None and faults.hook is None:
            self.sender.prepare(self._frame_ns, self._settings.frame_size, framers, self._line.transport)

    def _send_batch(self, now_ns: int) -> bool:
        assert self._batch is not None  # noqa: S101 - tells the type checker what its caller has asked
        items = self._batch.take(self._queue, max(self._far_end.idle_at_ns - now_ns, 0))
        if not self._write_audio(b"".join(item for item in items if isinstance(item, bytes))):
            return False
        quiet_at_ns = self._far_end.quiet_at_ns
        for item in items:
            if isinstance(item, bytes):
                self.writer.took_head()
                self._count_sent(item, now_ns)
            else:
                self._send_mark(item, now_ns)
        self._playback.sent(now_ns, quiet_at_ns)
        return True

    def _write_audio(self, payload: bytes) -> bool:
        self._line.engine.send_payload(payload)
        if not self._line.write_out():
            self.hold()  # the connection is ending: another may take it, or it counts as unsent
            return False
        self.sender.frames += 1
        self.sender.bytes += len(payload)
        return True

    def _send_mark(self, item: Mark, now_ns: int) -> None:
        self.writer.took_head()
        item.position_ns, item.due_ns = self._far_end.sent_ns, max(self._far_end.quiet_at_ns, now_ns)
        self._marks.sent(item)
        if self._line.engine.may_mark:
            self._line.engine.send_mark(item.name)
            self._line.write_out()

    def _skip(self, shift_ns: int) -> None:
        """Tell the far end's timestamps, where there are any, that the schedule moves; the order of frames does not."""
        if shift_ms := shift_ns // _MS:
            self._line.engine.skip_audio(shift_ms)

    def _send_silence(self, now_ns: int) -> None:
        if self._write_silence():
            self._far_end.send_silence(self._wire.ns_of(len(self._silence)), now_ns)

    def _write_silence(self) -> bool:
        self._line.engine.send_payload(self._silence)
        if not self._line.write_out():
            self.hold()
            return False
        self.silence_bytes += len(self._silence)
        return True

    def _count_sent(self, frame: bytes, now_ns: int) -> None:
        duration_ns = self._frame_ns if len(frame) == self._settings.frame_size else self._wire.ns_of(len(frame))
        late = self._far_end.send(duration_ns, now_ns, grace_ns=self._grace_ns)
        self.schedule_shifts += late and self._backlog
        for listener in self.listeners:
            listener(frame, self._far_end.idle_at_ns - duration_ns)
