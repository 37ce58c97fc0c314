"""Mixing linear PCM in plain Python."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

from phonewire._pure import buffers
from phonewire._pure.pcm import clipped, read
from phonewire._typing import Buffer
from phonewire.errors import CodecError

__all__ = ["mix", "mix_into", "mix_minus"]

MAX_INPUTS = 65_536  # as many samples of -2^15 are the least that 32 bits hold


def read_all(inputs: Iterable[Buffer]) -> list[array[int]]:
    """Read the samples of many inputs, which must have one size.

    Raises:
        CodecError: the size of an input is odd, or inputs differ in size.
        ValueError: there are too many.
    """
    sources = tuple(inputs)
    if len(sources) > MAX_INPUTS:
        raise ValueError(f"at most {MAX_INPUTS} inputs, got {len(sources)}")
    channels: list[array[int]] = []
    for source in sources:
        channels.append(read(source))
        if len(channels[-1]) != len(channels[0]):
            raise CodecError(f"inputs must have one size, got {2 * len(channels[0])} and {2 * len(channels[-1])} bytes")
    return channels


def read_some(inputs: Iterable[Buffer]) -> list[array[int]]:
    """Read the samples of at least one input; otherwise as `read_all`."""
    channels = read_all(inputs)
    if not channels:
        raise ValueError("at least one input is needed, got 0")
    return channels


def mix(inputs: Iterable[Buffer], /) -> bytes:
    """Add up audio, sample by sample, and clip each sum.

    Args:
        inputs: 1 to 65,536 buffers of n samples each, s16 in native byte order; any C-contiguous buffers of 2*n bytes.

    Returns:
        2*n bytes: n samples, s16 in native byte order.

    Raises:
        CodecError: the size of an input is odd, or inputs differ in size.
        TypeError: an input is no buffer, or its format is neither bytes nor native 16-bit.
        BufferError: an input is not C-contiguous.
        ValueError: there are no inputs, or too many.

    Source: our own; bit-exact with CPython ``audioop.add`` for two inputs.
    """
    return clipped(map(sum, zip(*read_some(inputs), strict=True)))


def mix_into(inputs: Iterable[Buffer], out: Buffer, /) -> int:
    """Add up audio, sample by sample, and clip each sum, in the caller's buffer.

    Args:
        inputs: as for `mix`.
        out: writable C-contiguous buffer of at least 2*n bytes; receives n samples, s16, native byte order. It may
            overlap the inputs, which are read first.

    Returns:
        Bytes written, always 2*n.

    Raises:
        CodecError: the size of an input is odd, or inputs differ in size; nothing is written.
        BufferTooSmallError: ``len(out) < 2*n``; nothing is written.
        TypeError: an argument is no buffer, or its format is wrong; nothing is written.
        BufferError: a buffer is not C-contiguous, or *out* is read-only; nothing is written.
        ValueError: there are no inputs, or too many; nothing is written.

    Source: as for `mix`.
    """
    return buffers.write(mix(inputs), out, samples=True)


def mix_minus(inputs: Iterable[Buffer], /) -> list[bytes]:
    """Let each leg of a conference hear all the others.

    The total of all inputs is kept in 32 bits, each leg's own samples are taken away, and the rest is clipped once.

    Args:
        inputs: 0 to 65,536 buffers of n samples each, s16 in native byte order; any C-contiguous buffers of 2*n bytes.

    Returns:
        For each input, in order, 2*n bytes: n samples, s16 in native byte order. A leg that is alone hears silence.

    Raises:
        CodecError: the size of an input is odd, or inputs differ in size.
        TypeError: an input is no buffer, or its format is neither bytes nor native 16-bit.
        BufferError: an input is not C-contiguous.
        ValueError: there are too many inputs.

    Source: our own.
    """
    legs = read_all(inputs)
    totals = [sum(samples) for samples in zip(*legs, strict=True)]
    return [clipped(total - own for total, own in zip(totals, leg, strict=True)) for leg in legs]
