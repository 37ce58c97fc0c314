"""Twilio's side of a media stream: it dials in, speaks, plays what comes back, and knows what the phone heard.

One task reads, one speaks a frame every 20 ms (silence too: Twilio never stops), one brings marks back at their
moment. Time is the event loop's clock, times `speed`.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import secrets
import ssl
from collections import Counter
from collections.abc import Mapping
from os import PathLike
from typing import Self

from websockets.exceptions import ConnectionClosed

from phonewire import g711
from phonewire._typing import Buffer
from phonewire.auth import sign_twilio
from phonewire.emulators.dial import MAX_MESSAGE_SIZE, dial
from phonewire.emulators.party import Party
from phonewire.emulators.playout import Playout, ReturnedMark
from phonewire.emulators.speech import ulaw
from phonewire.emulators.twilio_errors import TwilioError, has_only_what_it_may, of_end, of_handshake, of_rejection
from phonewire.errors import RemoteProtocolError
from phonewire.protocols import twilio
from phonewire.protocols.connection import Rejected, RejectReason, Side, State

__all__ = ["TwilioCaller"]

_FRAME_BYTES = 160
_FRAME_S = 0.020
_NS_PER_BYTE = 125_000
_SILENCE = bytes([g711.ULAW_SILENCE]) * _FRAME_BYTES
# About a second of audio that the server does not take. How much Twilio keeps for it is not documented.
_OVERFLOW_BYTES = 16_384


class TwilioCaller(Party):
    """Call a media stream server as Twilio does; an async context manager that lasts as long as the call.

    Args:
        url: where to dial, ``ws://`` or ``wss://``, without a query: Twilio has none.
        auth_token: signs the handshake; None sends no signature.
        signed_url: what is signed: the URL in the TwiML, when that is not *url* with ``wss://``.
        parameters: custom parameters of the ``<Stream>``.
        dialect: `twilio.TWILIO`, or `twilio.TWILIO_ONE_WAY` for ``<Start><Stream>``.
        call_sid, stream_sid, account_sid: None makes a new one.
        speed: how many times faster than life; ``math.inf`` for as fast as the socket takes it: then no silence is
            sent, and what comes back is heard the moment it comes.
        tls: for ``wss://``; None verifies against the system's authorities.

    Attributes:
        said: the µ-law that was sent, silence included.
        marks: every mark that went back, and whether it had been heard.
        clears: milliseconds heard at each ``clear``.
        errors: what Twilio's debugger would show, in order, each once.

    Raises:
        ValueError: the URL has a query, or the speed is not above 0.
        websockets.exceptions.InvalidStatus: on entering, the server refused; its ``response.status_code`` says how.
    """

    def __init__(
        self,
        url: str,
        *,
        auth_token: str | None = None,
        signed_url: str | None = None,
        parameters: Mapping[str, str] | None = None,
        dialect: twilio.Dialect = twilio.TWILIO,
        call_sid: str | None = None,
        stream_sid: str | None = None,
        account_sid: str | None = None,
        speed: float = 1.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        if "?" in url:
            raise ValueError("Twilio's URLs have no query: use parameters, which come with the start of the stream")
        if not speed > 0:
            raise ValueError(f"speed is above 0, got {speed}")
        super().__init__()
        self.call_sid = call_sid or f"CA{secrets.token_hex(16)}"
        self.stream_sid = stream_sid or f"MZ{secrets.token_hex(16)}"
        self.account_sid = account_sid or f"AC{secrets.token_hex(16)}"
        self.said = bytearray()
        self.marks: list[ReturnedMark] = []
        self.clears: list[float] = []
        self.errors: list[TwilioError] = []
        self._url = url
        self._headers = {} if auth_token is None else _signature(auth_token, signed_url or url)
        self._tls = tls
        self._parameters = dict(parameters or {})
        self._speed = speed
        self._connection = twilio.Connection(Side.CLIENT, dialect=dialect, max_message_size=MAX_MESSAGE_SIZE)
        self._playout = Playout()
        self._microphone = bytearray()
        self._sending = asyncio.Lock()
        self._started_s = 0.0
        self._skipped_ns = 0  # as fast as possible: how far the playout's time was put forward
        self._ended_ns: int | None = None
        self._left = False

    # What the phone does

    async def say(self, source: str | PathLike[str] | Buffer) -> None:
        """Speak, and return when it has been sent or the call is over.

        Args:
            source: µ-law codewords, or the path of a WAV file, 8 kHz mono; the last frame is filled up with silence.

        Raises:
            CodecError: the file is no such WAV file; nothing is said.
        """
        self._microphone += ulaw(source)
        self._notify()
        while self._microphone and not self._over.is_set():
            await self._changed.wait()

    async def listen(self, seconds: float) -> bytes:
        """Listen, and return the µ-law that the phone heard meanwhile; silence between is not in it.

        Args:
            seconds: of the phone's time, or less when the call is over before; as fast as possible: of what is heard.
        """
        before = len(self.heard)
        if self._speed == math.inf:
            while len(self.heard) - before < seconds * 1e9 / _NS_PER_BYTE and not self._over.is_set():
                await self._changed.wait()
        else:
            await asyncio.wait([self._call], timeout=seconds / self._speed)
        return self.heard[before:]

    async def press(self, digits: str) -> None:
        """Press keys: 0-9, * and #, one message each.

        Raises:
            LocalProtocolError: no such key, or the call is over, or this dialect has no keys; those before it go out.
        """
        for digit in digits:
            self._connection.send(twilio.Dtmf(digit))
        await self._flush()

    async def hang_up(self) -> None:
        """Say ``stop`` and close, as Twilio does when the call ends; nothing if the call is over."""
        self._left = True
        if self._connection.state is State.OPEN:
            self._connection.send(twilio.Stop(self.account_sid, self.call_sid))
            await self._flush()
        await self._socket.close()
        await self._call

    async def drop(self) -> None:
        """Vanish without ``stop`` or close, as a broken connection does."""
        self._left = True
        self._socket.transport.abort()
        await self._call

    # The truth

    @property
    def heard(self) -> bytes:
        """The µ-law that the phone has heard up to now, to the sample, silence between not counted."""
        self._playout.play(self._now_ns())
        return bytes(self._playout.heard)

    @property
    def heard_ms(self) -> float:
        """How much of it."""
        self._playout.play(self._now_ns())
        return self._playout.heard_ms

    @property
    def rejected(self) -> Counter[RejectReason]:
        """What the server should not have sent, by reason."""
        return self._connection.rejected

    @property
    def close_code(self) -> int | None:
        """The code with which the WebSocket closed, 1006 if it broke; None while the call goes on."""
        return self._socket.close_code

    # How it works

    async def __aenter__(self) -> Self:
        try:
            self._socket = await dial(self._url, self._headers, self._tls)
        except Exception as error:
            self._report(of_handshake(error))
            raise
        self._started_s = asyncio.get_running_loop().time()
        self._connection.send(twilio.Connected())
        self._connection.send(
            twilio.Start(
                call_sid=self.call_sid,
                stream_sid=self.stream_sid,
                account_sid=self.account_sid,
                tracks=("inbound",),
                parameters=self._parameters,
            )
        )
        self._call = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.hang_up()

    async def _run(self) -> None:
        """Be on the phone until the connection ends."""
        try:
            async with asyncio.TaskGroup() as group:
                others = [group.create_task(self._speak()), group.create_task(self._return_marks())]
                await self._listen()
                for task in others:
                    task.cancel()
        finally:
            self._ended_ns = self._now_ns()
            self._report(of_end(self._socket.protocol, we_left=self._left))
            self._connection.receive_eof()
            self._end(f"the call is over (close code {self.close_code})")

    async def _listen(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                message = await self._socket.recv()
                data = message.encode() if isinstance(message, str) else message
                try:
                    events = self._connection.receive(data, text=isinstance(message, str))
                except RemoteProtocolError as error:
                    await self._socket.close(error.close_code, error.close_reason)
                    return
                for event in events:
                    self._take(event)
                    if not isinstance(event, Rejected) and not has_only_what_it_may(data):
                        self._report(TwilioError.INVALID_MESSAGE)
                await self._flush()
                self._notify()

    def _take(self, event: twilio.Event) -> None:
        match event:
            case twilio.Media():
                self._playout.queue(event.payload, self._now_ns())
                if self._playout.dropped_bytes:
                    self._report(TwilioError.PLAYOUT_OVERFLOW)
                if self._speed == math.inf:
                    self._skipped_ns += len(event.payload) * _NS_PER_BYTE
            case twilio.Mark():
                self._playout.mark(event.name)
            case twilio.Clear():
                self._send_back(self._playout.clear(self._now_ns()))
                self.clears.append(self._playout.heard_ms)
            case Rejected():
                self._report(of_rejection(event, self._connection.dialect))
        self._send_back(self._playout.advance(self._now_ns()))

    async def _return_marks(self) -> None:
        """Bring each mark back at its moment."""
        while True:
            self._send_back(self._playout.advance(self._now_ns()))
            await self._flush()
            deadline_ns = self._playout.next_deadline_ns()
            delay_s = None if deadline_ns is None else (deadline_ns - self._now_ns()) / 1e9 / self._speed
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(delay_s):
                    await self._changed.wait()

    def _send_back(self, marks: list[ReturnedMark]) -> None:
        if self._connection.state is not State.OPEN:
            return  # after our goodbye nothing goes back
        self.marks += marks
        for mark in marks:
            self._connection.send(twilio.Mark(mark.name))

    async def _speak(self) -> None:
        """Send a frame every 20 ms on absolute deadlines, so that nothing adds up."""
        loop = asyncio.get_running_loop()
        frames = 0
        while self._connection.state is State.OPEN:
            frame = self._next_frame()
            if frame:
                frames += 1
                await self._say_frame(frame)
                self._notify()
            else:
                await self._changed.wait()
            await asyncio.sleep(max(self._started_s + frames * _FRAME_S / self._speed - loop.time(), 0))

    async def _say_frame(self, frame: bytes) -> None:
        """Send a frame, or discard it when the server does not take what was sent before."""
        if self._speed < math.inf and self._socket.transport.get_write_buffer_size() > _OVERFLOW_BYTES:
            self._report(TwilioError.BUFFER_OVERFLOW)
            self._connection.skip_audio(20)
            return
        self._connection.send_payload(frame)
        self.said += frame
        await self._flush()

    def _report(self, error: TwilioError | None) -> None:
        if error is not None and error not in self.errors:
            self.errors.append(error)

    def _next_frame(self) -> bytes:
        frame = bytes(self._microphone[:_FRAME_BYTES])
        del self._microphone[:_FRAME_BYTES]
        if frame or self._speed < math.inf:
            frame += _SILENCE[len(frame) :]
        return frame

    async def _flush(self) -> None:
        with contextlib.suppress(ConnectionClosed):  # _listen sees it too
            async with self._sending:  # whoever comes later sends later
                for data, text in self._connection.data_to_send():
                    await self._socket.send(data, text=text)

    def _now_ns(self) -> int:
        """The playout's time: the loop's, times the speed."""
        if self._ended_ns is not None:
            return self._ended_ns
        if self._speed == math.inf:
            return self._skipped_ns
        return round((asyncio.get_running_loop().time() - self._started_s) * self._speed * 1e9)


def _signature(auth_token: str, url: str) -> dict[str, str]:
    # Twilio knows streams by wss:// only, whatever the last leg of a test speaks.
    public_url = url if url.startswith("wss:") else "wss" + url.removeprefix("ws")
    return {"X-Twilio-Signature": sign_twilio(auth_token, public_url)}
