"""The media messages that a stream sends differ in their payload only: what makes one of a piece of audio."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from phonewire import b64
from phonewire._typing import Buffer, Encoding
from phonewire.protocols.payload import encoder, whole_samples

__all__ = ["MediaFramers"]

_encode_json = msgspec.json.Encoder().encode


class MediaFramers:
    """What does not change from one media message to the next, made once.

    Args:
        members: of a message, but for its media.
        encoding: how audio is coded.

    Attributes:
        samples: makes a message of s16 samples, in native byte order.
        payload: makes one of audio that is coded as on the wire.
        empty_size: bytes of a message without audio.
    """

    def __init__(self, members: dict[str, str | None], encoding: Encoding) -> None:
        head = _encode_json({"event": "media"} | members)[:-1]
        prefix, suffix = head + b',"media":{"payload":"', b'"}}'
        self.empty_size = len(prefix) + len(suffix)
        frame = b64.MessageFramer(prefix, suffix, codec=None).frame
        self.payload: Callable[[Buffer], bytes] = frame
        if encoding in ("ulaw", "alaw"):
            self.samples: Callable[[Buffer], bytes] = b64.MessageFramer(prefix, suffix, codec=encoding).frame
        else:
            encode = encoder(encoding)
            self.payload = lambda payload: frame(whole_samples(payload))
            self.samples = lambda samples: frame(encode(samples))

    def size_of(self, payload_bytes: int) -> int:
        """Return how many bytes the message of so much audio has."""
        return self.empty_size + b64.encoded_size(payload_bytes)
