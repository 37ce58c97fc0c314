"""What comes in: which coding it has, and what the call gets of it."""

from __future__ import annotations

from collections import Counter

from phonewire._typing import Buffer, Encoding
from phonewire.protocols.connection import RejectReason, Side, Skip
from phonewire.protocols.payload import transcoder
from phonewire.protocols.voipbin.dialects import Dialect, Encapsulation
from phonewire.protocols.voipbin.events import Detected, Slip, Tolerated
from phonewire.protocols.voipbin.timestamps import Timestamps

__all__ = ["Intake"]

# 20 ms at 8 kHz: the sizes that tell codewords from samples.
_ULAW_FRAME_SIZE = 160
_SIZES: dict[int, Encoding] = {_ULAW_FRAME_SIZE: "ulaw", 320: "s16le"}

_LONG_MS = 200

_BYTES_PER_MS: dict[Encoding, int] = {"ulaw": 8, "s16le": 16}


class Intake:
    """Turns payloads into audio as the call has it.

    Args:
        dialect: how the wire is read.
        encapsulation: that the URL asks for.
        side: which end this is.

    Attributes:
        payload_types: that are taken.
        media_format: of the call.
        timestamps: makes those of RTP count samples.
        found: the form of the last payload; None before the first, and where nothing is judged.
        tolerated: how often each slip was met.
        notices: events about forms and slips that are new, for whoever takes them away.
    """

    def __init__(self, dialect: Dialect, encapsulation: str, side: Side) -> None:
        self.payload_types = dialect.payload_types
        self.media_format = dialect.media_format(encapsulation)
        self.timestamps = Timestamps(counts_bytes=dialect.counts_bytes and side is Side.CLIENT)
        self.found: Detected | None = None
        self.tolerated: Counter[Slip] = Counter()
        self.notices: list[Detected | Tolerated] = []
        self._encoding = None if dialect.detects else dialect.encoding(encapsulation, side)
        self._transcoders = {source: transcoder(source, self.media_format.encoding) for source in _BYTES_PER_MS}
        self._told: dict[tuple[str, int | None], Encoding] = {}  # by form: what the last frame of 20 ms was
        self._half = False  # the last message was half a frame of samples, or a frame of codewords
        self._seen: set[Detected] = set()

    def audio(self, payload: Buffer, encapsulation: str, payload_type: int | None = None) -> bytes:
        """Return the audio of a payload, coded as the call has it.

        Args:
            payload: n codewords or 2*n bytes of samples.
            encapsulation: that it came in.
            payload_type: of its RTP header.

        Raises:
            Skip: it is empty, or the last sample is not whole.
        """
        size = memoryview(payload).nbytes
        if not size:
            raise Skip(RejectReason.EMPTY_PAYLOAD, "the message has no audio")
        encoding = self._encoding or self._judge(size, encapsulation, payload_type)
        if size % 2 and encoding == "s16le":
            raise Skip(RejectReason.BAD_LENGTH, f"audio has {size} bytes, not a multiple of 2")
        if self._encoding is None:
            self._find(Detected(encapsulation, encoding, payload_type))
        if size > _LONG_MS * _BYTES_PER_MS[encoding]:
            self.tolerate(Slip.LONG_MESSAGE, f"a message has {size // _BYTES_PER_MS[encoding]} ms of audio")
        return self._transcoders[encoding](payload)

    def silence(self) -> bytes:
        """Return 20 ms of silence, coded as the call has it."""
        return self._transcoders["ulaw"](b"\xff" * _ULAW_FRAME_SIZE)

    def tolerate(self, slip: Slip, detail: str) -> None:
        """Count a slip; the first one of its sort is a notice."""
        self.tolerated[slip] += 1
        if self.tolerated[slip] == 1:
            self.notices.append(Tolerated(slip, detail))

    def _judge(self, size: int, encapsulation: str, payload_type: int | None) -> Encoding:
        """Say how a payload is coded: the platform knows two codings and sends 20 ms at once.

        What has another size, such as the end of a file, is coded as the frames before it were.
        """
        form = encapsulation, payload_type
        told = self._told.get(form)
        # Samples without a header are files cut into frames: one half of a frame is an end, two are a new coding.
        is_end = size == _ULAW_FRAME_SIZE and encapsulation == Encapsulation.SLN and told == "s16le"
        self._half, was_half = is_end, self._half
        if is_end and not was_half:
            return "s16le"
        if size in _SIZES:
            told = self._told[form] = _SIZES[size]
        # RFC 3551 has µ-law for payload type 0; all else here is linear in its documents.
        return told or ("ulaw" if payload_type == 0 else "s16le")

    def _find(self, found: Detected) -> None:
        if found != self.found:
            self.found = found
            if found not in self._seen:
                self._seen.add(found)
                self.notices.append(found)
