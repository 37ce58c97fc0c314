"""Interleaving the channels of linear PCM in plain Python."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

from phonewire._pure import buffers
from phonewire._pure.mixing import MAX_INPUTS, read_some
from phonewire._typing import Buffer
from phonewire.errors import CodecError

__all__ = ["deinterleave", "interleave", "interleave_into"]


def interleave(inputs: Iterable[Buffer], /) -> bytes:
    """Join channels to one stream: the first sample of each, then the second of each, and so on.

    Args:
        inputs: 1 to 65,536 channels of n samples each, s16; any C-contiguous buffers of 2*n bytes.

    Returns:
        2*n bytes for each channel.

    Raises:
        CodecError: the size of an input is odd, or inputs differ in size.
        TypeError: an input is no buffer, or its format is neither bytes nor native 16-bit.
        BufferError: an input is not C-contiguous.
        ValueError: there are no inputs, or too many.

    Source: our own; the order of channels in WAV files and in RFC 3551 section 4.1.
    """
    channels = read_some(inputs)
    joined = array("h", bytes(2 * len(channels) * len(channels[0])))
    for index, channel in enumerate(channels):
        joined[index :: len(channels)] = channel
    return joined.tobytes()


def interleave_into(inputs: Iterable[Buffer], out: Buffer, /) -> int:
    """Join channels to one stream in the caller's buffer.

    Args:
        inputs: as for `interleave`.
        out: writable C-contiguous buffer of at least 2*n bytes for each channel. It may overlap the inputs, which are
            read first.

    Returns:
        Bytes written, always 2*n for each channel.

    Raises:
        CodecError: the size of an input is odd, or inputs differ in size; nothing is written.
        BufferTooSmallError: *out* is smaller than that; nothing is written.
        TypeError: an argument is no buffer, or its format is wrong; nothing is written.
        BufferError: a buffer is not C-contiguous, or *out* is read-only; nothing is written.
        ValueError: there are no inputs, or too many; nothing is written.

    Source: as for `interleave`.
    """
    return buffers.write(interleave(inputs), out, samples=True)


def deinterleave(samples: Buffer, /, channels: int) -> list[bytes]:
    """Split a stream into its channels: the inverse of `interleave`.

    Args:
        samples: n samples of each channel, s16; any C-contiguous buffer of 2*n bytes for each channel.
        channels: how many there are, 1 to 65,536.

    Returns:
        For each channel, in order, 2*n bytes.

    Raises:
        CodecError: *samples* is not a whole number of samples of every channel.
        TypeError: *samples* is no buffer, or its format is neither bytes nor native 16-bit.
        BufferError: *samples* is not C-contiguous.
        ValueError: *channels* is less than 1 or more than 65,536.

    Source: as for `interleave`.
    """
    if not 1 <= channels <= MAX_INPUTS:
        raise ValueError(f"channels must be 1 to {MAX_INPUTS}, got {channels}")
    data = buffers.read(samples, samples=True)
    if len(data) % (2 * channels):
        raise CodecError(f"audio of {channels} channels is a multiple of {2 * channels} bytes, got {len(data)}")
    joined = array("h", data)
    return [joined[index::channels].tobytes() for index in range(channels)]
