"""Twilio's and das-Peak's calls: JSON with base64, in pieces that change with the frame and pieces that do not."""

from __future__ import annotations

import binascii
from collections.abc import Iterable, Mapping
from functools import lru_cache

from phonewire.aio.call.engines import announce
from phonewire.load.stamp import FRAME_BYTES, FRAME_MS, HEAD_BYTES, TONE, Voice
from phonewire.load.websocket import TEXT, header, masked
from phonewire.protocols import twilio
from phonewire.protocols.connection import Side

__all__ = ["TwilioScript"]

_HEAD_CHARACTERS = HEAD_BYTES // 3 * 4
_FRAME_CHARACTERS = 216
_TONE = binascii.b2a_base64(TONE[HEAD_BYTES:], newline=False)


class TwilioScript:
    """One call of Twilio's, or of a das-Peak sender that passes on a live call.

    Args:
        voice: what it says.
        call_id: ``callSid``.
        dialect: `twilio.TWILIO` or `twilio.DAS_PEAK`.
    """

    period_ms = FRAME_MS
    ready = True

    def __init__(self, voice: Voice, call_id: str, dialect: twilio.Dialect = twilio.TWILIO) -> None:
        self.headers: Mapping[str, str] = {}
        self._voice = voice
        self._engine = twilio.Connection(Side.CLIENT, dialect=dialect)
        announce(self._engine, call_id, {})
        self._numbered = dialect.numbered
        start = self._engine.start
        stream = f',"streamSid":"{start.stream_sid}"' if self._numbered and start is not None else ""
        self._after = _TONE + b'"}' + stream.encode() + b"}"

    def open(self) -> bytes:
        """Return ``connected`` and ``start``, as the dialect has them."""
        return self._said()

    def frame(self, number: int) -> bytes:
        """Return a media message of 20 ms."""
        head = binascii.b2a_base64(self._voice.head(number), newline=False)
        return b"".join((_before(number, self._numbered, len(self._after)), head, self._after))

    def read(self, data: bytes, text: bool) -> Iterable[bytes]:
        """Find the payload in a message without looking at the rest; return the first bytes of each frame in it."""
        place = data.find(b'"payload"')
        start = data.find(b'"', place + 9) + 1
        end = data.find(b'"', start)
        if place < 0 or start == 0 or end < 0:
            return ()
        try:
            if end - start == _FRAME_CHARACTERS:
                return (binascii.a2b_base64(data[start : start + _HEAD_CHARACTERS]),)
            audio = binascii.a2b_base64(data[start:end])
        except binascii.Error:
            return ()
        return [audio[place : place + HEAD_BYTES] for place in range(0, len(audio), FRAME_BYTES)]

    def replies(self) -> bytes:
        """Return nothing: whoever plays audio for a phone asks no more of a server."""
        return b""

    def close(self) -> bytes:
        """Return ``stop``, where the dialect has it."""
        self._engine.close()
        return self._said()

    def _said(self) -> bytes:
        return b"".join(masked(TEXT, message) for message, _ in self._engine.data_to_send())


@lru_cache(maxsize=8192)
def _before(number: int, numbered: bool, after: int) -> bytes:
    """Return what precedes the payload; the same for all calls, which are at about the same frame."""
    text = b'{"event":"media","media":{"payload":"'
    if numbered:
        counters = b'"track":"inbound","chunk":"%d","timestamp":"%d",' % (number + 1, number * FRAME_MS)
        text = b'{"event":"media","sequenceNumber":"%d","media":{%b"payload":"' % (number + 2, counters)
    return header(TEXT, len(text) + _HEAD_CHARACTERS + after) + text
