"""Every kind of argument to every RTP function: a documented result, or TypeError, BufferError or ValueError."""

import array
import ctypes
import io
import mmap
import pickle

import numpy as np
import pytest

from phonewire import rtp

HEADER = {"payload_type": 0, "sequence_number": 1, "timestamp": 2, "ssrc": 3}
PACKET = rtp.pack(b"audio of 12 ", **HEADER)  # 24 bytes: whole items of every format below


class BytesChild(bytes):
    pass


class BytearrayChild(bytearray):
    pass


def mapped(data: bytes) -> mmap.mmap:
    memory = mmap.mmap(-1, len(data))
    memory[:] = data
    return memory


def released(data: bytes) -> memoryview:
    view = memoryview(bytearray(data))
    view.release()
    return view


def typed(dtype: str):
    return lambda data: np.frombuffer(bytearray(data), dtype)


# kind -> how to make one of these bytes, and what everybody says to it (None: welcome).
KINDS = {
    "bytes": (bytes, None),
    "bytes subclass": (BytesChild, None),
    "bytearray": (bytearray, None),
    "bytearray subclass": (BytearrayChild, None),
    "memoryview of bytes": (memoryview, None),
    "memoryview of bytearray": (lambda data: memoryview(bytearray(data)), None),
    "memoryview read-only": (lambda data: memoryview(bytearray(data)).toreadonly(), None),
    "memoryview slice": (lambda data: memoryview(b"x" + data + b"y")[1:-1], None),
    "memoryview of a view": (lambda data: memoryview(memoryview(bytearray(data))), None),
    "memoryview strided": (lambda data: memoryview(data * 2)[::2], BufferError),
    "memoryview reversed": (lambda data: memoryview(data)[::-1], BufferError),
    "memoryview released": (released, ValueError),
    "memoryview cast to b": (lambda data: memoryview(data).cast("b"), None),
    "memoryview cast to c": (lambda data: memoryview(data).cast("c"), None),
    "memoryview cast to @B": (lambda data: memoryview(data).cast("@B"), None),
    "memoryview cast to h": (lambda data: memoryview(data).cast("h"), TypeError),
    "memoryview cast to H": (lambda data: memoryview(data).cast("H"), TypeError),
    "memoryview cast to f": (lambda data: memoryview(data).cast("f"), TypeError),
    "memoryview cast to ?": (lambda data: memoryview(data).cast("?"), TypeError),
    "memoryview 2-D": (lambda data: memoryview(data).cast("B", shape=[4, 6]), None),
    "memoryview 3-D": (lambda data: memoryview(data).cast("B", shape=[2, 3, 4]), None),
    "array b": (lambda data: array.array("b", data), None),
    "array B": (lambda data: array.array("B", data), None),
    "array h": (lambda data: array.array("h", data), TypeError),
    "array f": (lambda data: array.array("f", data), TypeError),
    "mmap": (mapped, None),
    "BytesIO buffer": (lambda data: io.BytesIO(data).getbuffer(), None),
    "PickleBuffer": (pickle.PickleBuffer, None),
    "ctypes char": (lambda data: (ctypes.c_char * 24)(*data), None),
    "ctypes ubyte": (lambda data: (ctypes.c_ubyte * 24)(*data), None),
    "ctypes byte 2-D": (lambda data: ((ctypes.c_byte * 6) * 4).from_buffer_copy(data), None),
    "ctypes int16": (lambda data: (ctypes.c_int16 * 12).from_buffer_copy(data), TypeError),
    "numpy uint8": (typed("u1"), None),
    "numpy int8": (typed("i1"), None),
    "numpy int16": (typed("i2"), TypeError),
    "numpy float64": (typed("f8"), TypeError),
    "numpy bool": (typed("?"), TypeError),
    "numpy bytes strings": (typed("S3"), TypeError),
    "numpy structured": (typed("u1,i1"), TypeError),
    "numpy 2-D": (lambda data: typed("u1")(data).reshape(4, 6), None),
    "numpy Fortran order": (lambda data: np.asfortranarray(typed("u1")(data).reshape(4, 6)), BufferError),
    "numpy column": (lambda data: np.zeros((24, 2), "u1")[:, 0], BufferError),
    "numpy broadcast": (lambda data: np.broadcast_to(np.uint8(65), 24), BufferError),
    "str": (lambda data: data.decode("latin-1"), TypeError),
    "int": (lambda data: 24, TypeError),
    "None": (lambda data: None, TypeError),
    "list": (list, TypeError),
    "buffer type itself": (lambda data: bytes, TypeError),
}


def parsed(data: object) -> tuple[int, bytes]:
    packet = rtp.parse(data)
    return packet.sequence_number, packet.payload.tobytes()


def packed_into(data: object) -> bytes:
    out = bytearray(36)
    assert rtp.pack_into(out, data, **HEADER) == 36
    return bytes(out)


FUNCTIONS = {
    "parse": parsed,
    "parse_batch": lambda data: rtp.parse_batch([data]).tolist(),
    "is_rtcp": rtp.is_rtcp,
    "pack": lambda data: rtp.pack(data, **HEADER),
    "pack_into": packed_into,
    "extension": lambda data: rtp.pack(b"", **HEADER, extension_profile=1, extension=data),
    "packetize": lambda data: rtp.Packetizer(
        0, ssrc=1, sequence_number=2, timestamp=3, samples_per_packet=10, payload_size=10
    ).packetize(data),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_input(kind: str, name: str) -> None:
    make, verdict = KINDS[kind]
    argument = make(PACKET)
    if verdict is None:
        assert FUNCTIONS[name](argument) == FUNCTIONS[name](PACKET)
    else:
        with pytest.raises(verdict):
            FUNCTIONS[name](argument)
    if isinstance(argument, bytearray):
        argument.append(0)  # no view is left


def test_the_matrix_is_wide() -> None:
    assert len(KINDS) >= 40


@pytest.mark.parametrize("empty", [b"", bytearray(), memoryview(b""), np.zeros(0, "u1"), (ctypes.c_ubyte * 0)()])
def test_empty_buffers(empty: object) -> None:
    with pytest.raises(ValueError, match="needs 12 bytes, got 0"):
        rtp.parse(empty)
    assert rtp.parse_batch([empty])["reason"] == [rtp.PacketReason.SHORT_HEADER]
    assert rtp.pack(empty, **HEADER) == PACKET[:12]
    assert not rtp.is_rtcp(empty)


# Outputs of 36 bytes: kind -> how to make one; what pack_into says to it.
OUTPUTS = {
    "bytearray": (lambda: bytearray(36), None),
    "bytearray subclass": (lambda: BytearrayChild(36), None),
    "memoryview slice": (lambda: memoryview(bytearray(52))[8:44], None),
    "memoryview 2-D": (lambda: memoryview(bytearray(36)).cast("B", shape=[6, 6]), None),
    "memoryview cast to b": (lambda: memoryview(bytearray(36)).cast("b"), None),
    "array B": (lambda: array.array("B", bytes(36)), None),
    "mmap": (lambda: mmap.mmap(-1, 36), None),
    "ctypes ubyte": (lambda: (ctypes.c_ubyte * 36)(), None),
    "numpy uint8": (lambda: np.zeros(36, "u1"), None),
    "bytes": (lambda: bytes(36), BufferError),
    "memoryview read-only": (lambda: memoryview(bytearray(36)).toreadonly(), BufferError),
    "memoryview strided": (lambda: memoryview(bytearray(72))[::2], BufferError),
    "memoryview released": (lambda: released(bytes(36)), ValueError),
    "memoryview cast to h": (lambda: memoryview(bytearray(36)).cast("h"), TypeError),
    "numpy float32": (lambda: np.zeros(9, "f4"), TypeError),
    "numpy column": (lambda: np.zeros((36, 2), "u1")[:, 0], BufferError),
    "str": (lambda: "x" * 36, TypeError),
    "None": (lambda: None, TypeError),
}


@pytest.mark.parametrize("kind", OUTPUTS)
def test_output(kind: str) -> None:
    make, verdict = OUTPUTS[kind]
    out = make()
    if verdict is None:
        assert rtp.pack_into(out, PACKET, **HEADER) == 36
        assert memoryview(out).tobytes() == rtp.pack(PACKET, **HEADER)
    else:
        with pytest.raises(verdict):
            rtp.pack_into(out, PACKET, **HEADER)
    if isinstance(out, bytearray):
        out.append(0)
