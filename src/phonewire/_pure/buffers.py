"""Buffers in and out, with the rules of ``_native/buffers.pxd``: what is accepted, and the errors for the rest."""

from __future__ import annotations

import sys

from phonewire._typing import Buffer
from phonewire.errors import BufferTooSmallError

__all__ = ["hold", "read", "writable", "write"]

# A prefix that says "as this machine does" changes nothing; ctypes always writes one.
_NATIVE_PREFIXES = "@=<" if sys.byteorder == "little" else "@=>!"


def _view(buffer: Buffer, samples: bool) -> memoryview:
    view = memoryview(buffer)
    if not view.c_contiguous:
        raise BufferError("buffer is not C-contiguous")
    code = view.format[1:] if view.format[:1] in _NATIVE_PREFIXES else view.format
    if code not in ("B", "b", "c", "h") or (code == "h" and not samples):
        if samples:
            raise TypeError(f"samples need buffer format 'h' (or bytes: 'B', 'b', 'c'), got '{view.format}'")
        raise TypeError(f"bytes need buffer format 'B', 'b' or 'c', got '{view.format}'")
    return view


def read(source: Buffer, *, samples: bool) -> bytes:
    """Return the bytes of *source*, which holds bytes, or 16-bit samples where *samples* is set."""
    with _view(source, samples) as view:
        return view.tobytes()


def hold(source: Buffer) -> bytes | memoryview:
    """Return bytes as they are, anything else as a flat view; while the view lives, its exporter keeps its size."""
    if type(source) is bytes:
        return source
    view = _view(source, samples=False)
    if view.nbytes and view.format in ("B", "b", "c", "@B", "@b", "@c"):
        return view.cast("B")
    with view:  # `cast` knows no byte order in a format, as ctypes writes it, and no empty view
        return view.tobytes()


def writable(out: Buffer, *, samples: bool) -> int:
    """Return the size of *out* in bytes; raise what writing to it would raise."""
    with _view(out, samples) as view:
        if view.readonly:
            raise BufferError("output buffer is read-only")
        return view.nbytes


def write(data: bytes, out: Buffer, *, samples: bool) -> int:
    """Copy *data* to the beginning of *out*; write nothing if it does not fit.

    Raises:
        BufferTooSmallError: *out* is smaller than *data*.
    """
    available = writable(out, samples=samples)
    if len(data) > available:
        raise BufferTooSmallError(len(data), available)
    if data:
        from ctypes import c_char  # the one way to the bytes under every format that ctypes and numpy write

        (c_char * len(data)).from_buffer(out).raw = data
    return len(data)
