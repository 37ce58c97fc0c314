"""Genesys Cloud's side of AudioHook: dials, speaks and plays in real time, pings, and closes when it is told to."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import uuid
from collections.abc import Mapping
from os import PathLike
from typing import Any, Self

from websockets.exceptions import ConnectionClosed

from phonewire._typing import Buffer
from phonewire.aio.call.audiohook_session import session_headers, signature_headers
from phonewire.auth import Secret
from phonewire.emulators.dial import dial
from phonewire.emulators.genesys_speaker import MessageCounter, Speaker
from phonewire.emulators.party import Party
from phonewire.emulators.speech import voices
from phonewire.protocols import audiohook
from phonewire.protocols.connection import MessageRate, Side, State

__all__ = ["CUSTOMER", "STEREO", "GenesysCaller"]

#: What Genesys offers, the best first.
STEREO = tuple(audiohook.MediaOffer(channels=channels) for channels in (("external", "internal"), ("external",)))

#: What an Audio Connector offers.
CUSTOMER = (audiohook.MediaOffer(),)

_PIECE_S = 0.1  # of audio in a message
_PIECE_SAMPLES = 800
_SILENCE = b"\xff"


class GenesysCaller(Party):
    """Genesys in a session: ``async with GenesysCaller(url, api_key=…, client_secret=…) as caller``.

    Args:
        url: of the server, ``ws://`` or ``wss://``.
        api_key: for ``X-API-KEY``; None sends none.
        client_secret: base64, to sign the handshake with; None sends no signature.
        dialect: `audiohook.MONITOR` or `audiohook.CONNECTOR`.
        media: what is offered, the best first.
        probe: try the connection only, as Genesys does when an integration is activated.
        opening: fields of `audiohook.Open` that are to be others.
        headers: of the handshake that are to be others; None leaves one out.
        message_rate: what an Audio Connector takes; more is answered with an error, and noted.
        playback_delay_s: from the first audio after a pause to the moment when it is heard (Audio Connector).
        tls: for ``wss://``; None verifies against the system's authorities.

    Attributes:
        session_id, organization_id, conversation_id: made anew for each session.
        said: the µ-law that was sent, all channels in turn, silence included.
        events: everything else that the server has said.

    Raises:
        websockets.exceptions.InvalidStatus: on entering, the server refused; its ``response.status_code`` says how.
    """

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        client_secret: str | None = None,
        dialect: audiohook.Dialect = audiohook.MONITOR,
        media: tuple[audiohook.MediaOffer, ...] = STEREO,
        probe: bool = False,
        opening: Mapping[str, Any] | None = None,
        headers: Mapping[str, str | None] | None = None,
        message_rate: MessageRate | None = None,
        playback_delay_s: float = 0.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__()
        self.session_id, self.organization_id, self.conversation_id = (str(uuid.uuid4()) for _ in range(3))
        self.said = bytearray()
        self.events: list[audiohook.Event] = []
        self._url, self._tls = url, tls
        self._key, self._secret = api_key, client_secret
        self._headers = headers or {}
        self._speaker = Speaker(int(playback_delay_s * 1e9))
        self._counter = MessageCounter(message_rate or MessageRate())
        self._connection = audiohook.Connection(Side.CLIENT, dialect=dialect, session_id=self.session_id)
        self._opening = self._open(media, probe, opening or {})
        self._microphone = bytearray()
        self._paused_ns = 0

    # What Genesys does

    async def say(self, external: str | PathLike[str] | Buffer, internal: Buffer | None = None) -> None:
        """Speak, and return when it has been sent or the session is over.

        Args:
            external: the customer's µ-law codewords; the last piece of 100 ms is filled up with silence. Or the path
                of a WAV file, 8 kHz, whose second channel, if it has one, is the agent's voice.
            internal: the agent's, where both channels are carried; None for silence.

        Raises:
            CodecError: the file is no such WAV file; nothing is said.
        """
        if isinstance(external, str | PathLike):
            external, *others = voices(external)
            internal = others[0] if others else internal
        self._microphone += self._interleaved(bytes(external), bytes(internal or b""))
        self._notify()
        while self._microphone and not self._over.is_set():
            await self._changed.wait()

    async def send(self, event: audiohook.Event) -> None:
        """Say anything else: a pause of the agent's own, keys, an update, an error."""
        self._connection.send(event)
        await self._flush()

    async def pause(self) -> None:
        """Hold, as an agent does while the customer says a card's number: no audio goes out until `resume`."""
        self._paused_ns = self._now_ns()
        await self.send(audiohook.Paused())

    async def resume(self) -> None:
        """Go on after `pause`, and tell how much of the call was left out."""
        start_us = self._connection.position.us
        left_out_us = (self._now_ns() - self._paused_ns) // 125_000 * 125  # whole samples
        await self.send(audiohook.Resumed(audiohook.Microseconds(start_us), audiohook.Microseconds(left_out_us)))

    async def miscount(self) -> None:
        """Break the protocol: send a message whose number is not the next."""
        self._connection.sent += 1
        await self.send(audiohook.Update("en-US"))

    async def hang_up(self) -> None:
        """Close the session, as when the call ends, and then the connection; nothing if the session is over."""
        if self._connection.state in (State.OPENING, State.OPEN):
            self._connection.close()
            await self._flush()
        await self._session

    async def drop(self) -> None:
        """Vanish without a goodbye, as a broken connection does."""
        self._socket.transport.abort()
        await self._session

    # The truth

    @property
    def heard(self) -> bytes:
        """The µ-law that the caller has heard up to now, silence between not counted (Audio Connector)."""
        return self._speaker.heard(self._now_ns())

    @property
    def heard_ms(self) -> float:
        """How long that is."""
        return len(self.heard) / 8

    @property
    def barge_ins(self) -> list[float]:
        """What the caller had heard at each barge-in, in ms since the session began."""
        return self._speaker.barge_ins

    @property
    def violations(self) -> list[str]:
        """What an Audio Connector's server has sent too much of, in words."""
        return self._counter.violations

    @property
    def longest_message(self) -> int:
        """Bytes of audio in the longest message of the server."""
        return self._counter.largest

    @property
    def channels(self) -> int:
        """How many channels are carried."""
        return self._connection.media_format.channels

    @property
    def close_code(self) -> int | None:
        """The code with which the WebSocket closed, 1006 if it broke; None while the session goes on."""
        return self._socket.close_code

    @property
    def rtt_us(self) -> int | None:
        """Microseconds that the last pong took; None before."""
        return self._connection.rtt_us

    @property
    def rejected(self) -> Mapping[audiohook.RejectReason, int]:
        """What the server should not have sent, by reason."""
        return self._connection.rejected

    @property
    def continued(self) -> audiohook.ContinuedSession:
        """How another session says that it goes on from this one, in ``opening={"continued_sessions": (…,)}``."""
        return audiohook.ContinuedSession(self.session_id, self._connection.received, self._connection.sent)

    def heard_of(self, kind: type[Any]) -> list[Any]:
        """Return the events of one kind that the server has said."""
        return [event for event in self.events if isinstance(event, kind)]

    # How it works

    def _open(self, media: tuple[audiohook.MediaOffer, ...], probe: bool, opening: Mapping[str, Any]) -> audiohook.Open:
        nobody = audiohook.Participant()
        somebody = audiohook.Participant(str(uuid.uuid4()), "+15550001", "", "+15550002")
        fields: dict[str, Any] = {
            "organization_id": self.organization_id,
            "conversation_id": audiohook.NIL_UUID if probe else self.conversation_id,
            "participant": nobody if probe else somebody,
            "media": media,
            "language": "en-US",
        }
        return audiohook.Open(**fields | dict(opening))

    async def __aenter__(self) -> Self:
        self._socket = await dial(self._url, self._handshake(), self._tls)
        self._connection.connected(self._now_ns())
        self._connection.send(self._opening)
        await self._flush()
        self._session = asyncio.create_task(self._run())
        while not self.events and not self._over.is_set():
            await self._changed.wait()  # what is carried is known when the server has answered
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.hang_up()

    def _handshake(self) -> dict[str, str]:
        usual = session_headers(
            {"Audiohook-Organization-Id": self.organization_id, "Audiohook-Session-Id": self.session_id}
        )
        if self._key is not None:
            usual["X-API-KEY"] = self._key
            if self._secret is not None:
                usual |= signature_headers(Secret(self._secret), self._url, usual)
        changed: dict[str, str | None] = {**usual, **self._headers}
        return {name: value for name, value in changed.items() if value is not None}

    async def _run(self) -> None:
        """Be in the session until the connection ends."""
        try:
            async with asyncio.TaskGroup() as group:
                others = [group.create_task(self._speak()), group.create_task(self._keep_time())]
                await self._listen()
                for task in others:
                    task.cancel()
        finally:
            self._speaker.stop(self._now_ns())
            self.events += self._connection.receive_eof(self._socket.close_code or 1006)
            self._end(f"the session is over (close code {self._socket.close_code})")

    async def _listen(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                message = await self._socket.recv()
                text = isinstance(message, str)
                data = message.encode() if isinstance(message, str) else message
                self._count(len(data), text)
                for event in self._connection.receive(data, text=text, now_ns=self._now_ns()):
                    self._take(event)
                await self._flush()
                self._notify()
                if any(isinstance(event, audiohook.Ended) for event in self.events):
                    await self._socket.close()

    def _take(self, event: audiohook.Event) -> None:
        if isinstance(event, audiohook.Media):
            self._tell(self._speaker.take(event.payload, self._now_ns()))
            return
        self.events.append(event)
        if isinstance(event, audiohook.Notice) and audiohook.BargeIn() in event.entities:
            self._tell(self._speaker.barge_in(self._now_ns()))

    def _count(self, size: int, text: bool) -> None:
        """Answer what is too much with an error, as Genesys does; the session goes on."""
        if self._connection.dialect.message_rate is None or self._counter.take(size, text=text, now_ns=self._now_ns()):
            return
        self._tell([audiohook.Error(429, self.violations[-1], audiohook.Microseconds(1_000_000))])

    def _tell(self, events: list[audiohook.Event]) -> None:
        for event in events:
            if self._connection.state is State.OPEN:
                self._connection.send(event)

    async def _speak(self) -> None:
        """Send 100 ms every 100 ms on absolute deadlines, so that nothing adds up."""
        loop = asyncio.get_running_loop()
        while self._connection.state is State.OPENING:
            await self._changed.wait()
        began_s, pieces = loop.time(), 0
        while self._connection.state is State.OPEN and self._connection.may_send_media:
            if not self._connection.paused:
                self._say_piece()
                await self._flush()
                self._notify()
            pieces += 1
            await asyncio.sleep(max(began_s + pieces * _PIECE_S - loop.time(), 0))

    def _say_piece(self) -> None:
        size = _PIECE_SAMPLES * self.channels
        piece = bytes(self._microphone[:size])
        del self._microphone[:size]
        piece += _SILENCE * (size - len(piece))
        self._connection.send_payload(piece)
        self.said += piece

    def _interleaved(self, external: bytes, internal: bytes) -> bytes:
        if self.channels == 1:
            return external
        samples = max(len(external), len(internal))
        both = bytearray(2 * samples)
        both[0::2] = external.ljust(samples, _SILENCE)
        both[1::2] = internal.ljust(samples, _SILENCE)
        return bytes(both)

    async def _keep_time(self) -> None:
        """Do what is due: pings, giving up, and telling of what is played."""
        while True:
            times_ns = (self._connection.next_deadline_ns(), self._speaker.next_deadline_ns())
            due_ns = min((at_ns for at_ns in times_ns if at_ns is not None), default=None)
            delay_s = None if due_ns is None else max(due_ns - self._now_ns(), 0) / 1e9
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(delay_s):
                    await self._changed.wait()
                continue
            now_ns = max(self._now_ns(), due_ns or 0)
            self._tell(self._speaker.due(now_ns))
            self.events += self._connection.handle_timeout(now_ns)
            await self._flush()
            if self._connection.state is State.CLOSED:
                await self._socket.close()

    async def _flush(self) -> None:
        with contextlib.suppress(ConnectionClosed):  # _listen sees it too
            for data, text in self._connection.data_to_send():
                await self._socket.send(data, text=text)

    def _now_ns(self) -> int:
        return int(asyncio.get_running_loop().time() * 1e9)
