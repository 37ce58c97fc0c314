"""What a recording has of what two said, in every format and both layouts.

Each side says loud noise, in which nothing is silence by itself, and no two sums are like what one alone has said.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, NamedTuple, get_args

import numpy as np

from phonewire import g711
from phonewire.aio.recording.plan import RecordingEncoding, RecordingTracks

__all__ = ["FORMATS", "LAYOUTS", "LONGEST_S", "Kept", "kept", "speech"]

FORMATS: tuple[RecordingEncoding, ...] = get_args(RecordingEncoding)
LAYOUTS: tuple[RecordingTracks, ...] = get_args(RecordingTracks)
LONGEST_S = 3.0

#: From what is sent to what each format has of it.
_AS: dict[str, Callable[[bytes], bytes]] = {"ulaw": bytes, "alaw": g711.ulaw_to_alaw, "s16": g711.ulaw_decode}
_DECODED: dict[str, Callable[[bytes], bytes]] = {"ulaw": g711.ulaw_decode, "alaw": g711.alaw_decode, "s16": bytes}
_ENCODED: dict[str, Callable[[bytes], bytes]] = {"ulaw": g711.ulaw_encode, "alaw": g711.alaw_encode, "s16": bytes}
_SILENCE = {"ulaw": g711.ULAW_SILENCE, "alaw": g711.ALAW_SILENCE, "s16": 0}

_LOUD = bytes(
    codeword
    for codeword in range(256)
    if 2000 <= abs(int(np.frombuffer(g711.ulaw_decode(bytes([codeword])), np.int16)[0])) <= 8000
)
_TO_LOUD = bytes(_LOUD[value % len(_LOUD)] for value in range(256))


class Kept(NamedTuple):
    """What there is of each side.

    Attributes:
        theirs: samples of what the far end said, from its beginning.
        ours: samples of what this side said, from its beginning.
        is_true: there is nothing else.
    """

    theirs: int
    ours: int
    is_true: bool


def speech(seed: object) -> bytes:
    """Return twice as many codewords, µ-law, as are said before the latest kill."""
    return random.Random(repr(seed)).randbytes(int(8000 * LONGEST_S * 2)).translate(_TO_LOUD)


def kept(channels: list[bytes], encoding: str, theirs: bytes, ours: bytes) -> Kept:
    """Return what a file has of two that spoke, the second later than the first.

    Args:
        channels: of the file: both mixed in one, or one of each side.
        encoding: of the file.
        theirs: what the far end said.
        ours: what this side said.
    """
    samples = [np.frombuffer(channel, np.int16 if encoding == "s16" else np.uint8) for channel in channels]
    first, second = (np.frombuffer(_AS[encoding](said), samples[0].dtype) for said in (theirs, ours))
    compare = _mixed if len(samples) == 1 else _separate
    return compare(samples, encoding, first, second)


def _separate(channels: list[Any], encoding: str, theirs: Any, ours: Any) -> Kept:
    """Compare each channel with what one said, behind silence for ours, and before it for the shorter one."""
    left, right = (np.trim_zeros(channel ^ _SILENCE[encoding], "b") ^ _SILENCE[encoding] for channel in channels)
    right = np.trim_zeros(right ^ _SILENCE[encoding], "f") ^ _SILENCE[encoding]
    return Kept(len(left), len(right), _begins(theirs, left) and _begins(ours, right))


def _mixed(channels: list[Any], encoding: str, theirs: Any, ours: Any) -> Kept:
    """Compare with both mixed; at the end one may be there alone already."""
    (channel,) = channels
    start = _alike(channel, theirs)  # of ours
    both = _mix(encoding, theirs[start:], ours)
    end = start + _alike(channel[start:], both)
    rest = channel[end:]
    if _begins(theirs[end:], rest):
        return Kept(len(channel), end - start, True)
    return Kept(end, len(channel) - start, _begins(ours[end - start :], rest))


def _mix(encoding: str, one: Any, other: Any) -> Any:
    size = min(len(one), len(other))
    loud = [np.frombuffer(_DECODED[encoding](each[:size].tobytes()), np.int16).astype(int) for each in (one, other)]
    return np.frombuffer(_ENCODED[encoding](sum(loud).astype(np.int16).tobytes()), one.dtype)


def _alike(one: Any, other: Any) -> int:
    """Return how many samples are alike, from the beginning on."""
    size = min(len(one), len(other))
    different = np.flatnonzero(one[:size] != other[:size])
    return int(different[0]) if len(different) else size


def _begins(said: Any, there: Any) -> bool:
    return _alike(said, there) == len(there)
