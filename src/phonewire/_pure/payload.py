"""Media payloads in plain Python: base64 of G.711 codewords, alone or in a JSON message."""

from __future__ import annotations

from typing import Literal, final

from phonewire._pure import b64, buffers, g711
from phonewire._typing import Buffer
from phonewire.errors import CodecError

__all__ = ["MessageFramer", "decode_alaw", "decode_ulaw"]


def decode_ulaw(text: str | Buffer, /) -> bytes:
    """Decode base64 of G.711 µ-law codewords to linear PCM.

    Args:
        text: base64 of n codewords; an ASCII str or any C-contiguous buffer of bytes.

    Returns:
        2*n bytes: n samples, s16 in native byte order.

    Raises:
        InvalidBase64Error: as for `decode`.
        TypeError: *text* is neither a str nor a buffer of bytes.
        BufferError: *text* is not C-contiguous.

    Source: as for `decode` and `phonewire.g711.ulaw_decode`.
    """
    return g711.ulaw_decode(b64.decode(text))


def decode_alaw(text: str | Buffer, /) -> bytes:
    """Decode base64 of G.711 A-law codewords to linear PCM.

    Args:
        text: base64 of n codewords; an ASCII str or any C-contiguous buffer of bytes.

    Returns:
        2*n bytes: n samples, s16 in native byte order.

    Raises:
        InvalidBase64Error: as for `decode`.
        TypeError: *text* is neither a str nor a buffer of bytes.
        BufferError: *text* is not C-contiguous.

    Source: as for `decode` and `phonewire.g711.alaw_decode`.
    """
    return g711.alaw_decode(b64.decode(text))


@final
class MessageFramer:
    """Puts audio into JSON messages whose text differs in the payload only.

    Args:
        prefix: the message up to the payload, such as ``b'{"event":"media","media":{"payload":"'``.
        suffix: the message after the payload, such as ``b'"}}'``.
        codec: what the payload carries. "ulaw" and "alaw" compress linear PCM first; None takes bytes as they are.

    Raises:
        TypeError: *prefix* or *suffix* is not bytes.
        ValueError: *codec* is none of the three.
    """

    def __init__(self, prefix: bytes, suffix: bytes, *, codec: Literal["ulaw", "alaw"] | None = "ulaw") -> None:
        for part in (prefix, suffix):
            if type(part) is not bytes:
                raise TypeError(f"prefix and suffix must be bytes, got {type(part).__name__}")
        if codec not in ("ulaw", "alaw", None):
            raise ValueError(f"codec must be 'ulaw', 'alaw' or None, got {codec!r}")
        self._prefix, self._suffix = prefix, suffix
        self._compress = {"ulaw": g711.ulaw_encode, "alaw": g711.alaw_encode, None: None}[codec]

    def _read(self, audio: Buffer) -> bytes:
        data = buffers.read(audio, samples=self._compress is not None)
        if self._compress is not None and len(data) % 2:
            raise CodecError(f"samples are 2 bytes each, got {len(data)} bytes")
        return data

    def _frame(self, data: bytes) -> bytes:
        return self._prefix + b64.encode(self._compress(data) if self._compress else data) + self._suffix

    def frame(self, audio: Buffer, /) -> bytes:
        """Return one message: prefix, base64 of the compressed audio, suffix.

        Args:
            audio: with a codec, n samples, s16 in native byte order (2*n bytes); without, bytes as on the wire. Any
                C-contiguous buffer.

        Returns:
            The message. µ-law is compressed as ITU-T G.191 says.

        Raises:
            CodecError: there is a codec and the size of *audio* is odd.
            TypeError: *audio* is no buffer, or its format is wrong.
            BufferError: *audio* is not C-contiguous.

        Source: RFC 4648 section 4; as for `phonewire.g711.ulaw_encode` and `alaw_encode`.
        """
        return self._frame(self._read(audio))

    def frames(self, audio: Buffer, /, size: int) -> list[bytes]:
        """Cut audio into pieces and return one message for each, in order.

        Args:
            audio: as for `frame`.
            size: bytes of *audio* in each message, even where there is a codec; the last message has what is left.
                20 ms at 8 kHz are 320 bytes with a codec, 160 bytes of codewords without.

        Returns:
            The messages; none for empty audio. Each payload decodes alone.

        Raises:
            ValueError: *size* is not positive, or odd where there is a codec.
            CodecError: there is a codec and the size of *audio* is odd.
            TypeError: *audio* is no buffer, or its format is wrong.
            BufferError: *audio* is not C-contiguous.

        Source: as for `frame`.
        """
        if size < 1 or (self._compress is not None and size % 2):
            raise ValueError(f"size must be positive, and even with a codec, got {size}")
        data = self._read(audio)
        return [self._frame(data[i : i + size]) for i in range(0, len(data), size)]
