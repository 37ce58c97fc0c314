"""Audio as a protocol carries it, to and from s16 samples in native byte order."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable
from typing import get_args

from phonewire import g711
from phonewire._typing import Buffer, Encoding
from phonewire.errors import CodecError

__all__ = ["DECODERS", "decoder", "encoder", "transcoder", "whole_samples"]


def decoder(encoding: Encoding, byteorder: str = sys.byteorder) -> Callable[[Buffer], bytes]:
    """Return the function that turns a payload into s16 samples.

    Args:
        encoding: how the payload is coded.
        byteorder: of this machine, ``"little"`` or ``"big"``.

    Returns:
        A function of n codewords or 2*n bytes to 2*n bytes, s16 in native byte order.

    Raises:
        ValueError: no such encoding.
    """
    if encoding == "ulaw":
        return g711.ulaw_decode
    if encoding == "alaw":
        return g711.alaw_decode
    return _reorder(encoding, byteorder)


def encoder(encoding: Encoding, byteorder: str = sys.byteorder) -> Callable[[Buffer], bytes]:
    """Return the function that turns s16 samples into a payload; the mirror of `decoder`."""
    if encoding == "ulaw":
        return g711.ulaw_encode
    if encoding == "alaw":
        return g711.alaw_encode
    return _reorder(encoding, byteorder)


def transcoder(source: Encoding, target: Encoding, byteorder: str = sys.byteorder) -> Callable[[Buffer], bytes]:
    """Return the function that turns a payload of one encoding into one of another.

    Args:
        source: how the payload is coded.
        target: how it is to be.
        byteorder: of this machine, ``"little"`` or ``"big"``.

    Raises:
        ValueError: no such encoding.
    """
    decode, encode = decoder(source, byteorder), encoder(target, byteorder)
    if source == target:
        return bytes if encode is g711.ulaw_encode or encode is g711.alaw_encode else whole_samples
    if decode is whole_samples:
        return encode
    return decode if encode is whole_samples else lambda payload: encode(decode(payload))


def _reorder(encoding: str, byteorder: str) -> Callable[[Buffer], bytes]:
    if encoding not in ("s16le", "s16be"):
        raise ValueError(f"encoding is one of ulaw, alaw, s16le and s16be, got {encoding!r}")
    return whole_samples if encoding == f"s16{byteorder[0]}e" else _swapped


def whole_samples(samples: Buffer) -> bytes:
    """Return the bytes of 16-bit samples.

    Raises:
        CodecError: the last one is not whole.
        TypeError: the buffer holds neither bytes nor 16-bit integers.
    """
    view = memoryview(samples)
    if view.format not in ("B", "b", "c", "h"):
        raise TypeError(f"samples are bytes or native 16-bit ('h'), got format {view.format!r}")
    if view.nbytes % 2:
        raise CodecError(f"16-bit samples need an even number of bytes, got {view.nbytes}")
    return view.tobytes()


def _swapped(samples: Buffer) -> bytes:
    swapped = array("h", whole_samples(samples))
    swapped.byteswap()
    return swapped.tobytes()


#: For every encoding, what turns a payload into s16 samples on this machine.
DECODERS: dict[Encoding, Callable[[Buffer], bytes]] = {name: decoder(name) for name in get_args(Encoding)}
