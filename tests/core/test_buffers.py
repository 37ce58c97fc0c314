"""Every kind of argument to every function: a documented result, or TypeError, BufferError or ValueError."""

import array
import ctypes
import io
import mmap
import pickle
import sys

import numpy as np
import pytest

from phonewire import b64, g711, pcm

# Twelve bytes that every function accepts: samples, codewords, and base64 of nine bytes.
DATA = b"QUJDREVGR0hJ"


class BytesChild(bytes):
    pass


class BytearrayChild(bytearray):
    pass


def mapped() -> mmap.mmap:
    memory = mmap.mmap(-1, len(DATA))
    memory[:] = DATA
    return memory


def released() -> memoryview:
    view = memoryview(bytearray(DATA))
    view.release()
    return view


def numpy_of(dtype: str) -> np.ndarray:
    return np.frombuffer(bytearray(DATA), dtype)


def read_only(values: np.ndarray) -> np.ndarray:
    values.flags.writeable = False
    return values


def other_byte_order() -> np.ndarray:
    return numpy_of("i2").byteswap().view(np.dtype("i2").newbyteorder())


def overlapping() -> np.ndarray:
    return np.lib.stride_tricks.as_strided(numpy_of("u1"), shape=(3, 4), strides=(1, 1))


SAMPLES, BYTES, TEXT = "samples", "bytes", "text"
EVERYWHERE = {SAMPLES: None, BYTES: None, TEXT: None}
ONLY_SAMPLES = {SAMPLES: None, BYTES: TypeError, TEXT: TypeError}
NOWHERE = {SAMPLES: TypeError, BYTES: TypeError, TEXT: TypeError}
NOT_CONTIGUOUS = {SAMPLES: BufferError, BYTES: BufferError, TEXT: BufferError}

# kind -> how to make one, and what each role says to it (None: welcome).
INPUTS = {
    "bytes": (lambda: DATA, EVERYWHERE),
    "bytes subclass": (lambda: BytesChild(DATA), EVERYWHERE),
    "bytearray": (lambda: bytearray(DATA), EVERYWHERE),
    "bytearray subclass": (lambda: BytearrayChild(DATA), EVERYWHERE),
    "memoryview of bytes": (lambda: memoryview(DATA), EVERYWHERE),
    "memoryview of bytearray": (lambda: memoryview(bytearray(DATA)), EVERYWHERE),
    "memoryview read-only": (lambda: memoryview(bytearray(DATA)).toreadonly(), EVERYWHERE),
    "memoryview slice": (lambda: memoryview(b"x" + DATA + b"y")[1:-1], EVERYWHERE),
    "memoryview strided": (lambda: memoryview(DATA * 2)[::2], NOT_CONTIGUOUS),
    "memoryview reversed": (lambda: memoryview(DATA)[::-1], NOT_CONTIGUOUS),
    "memoryview strided to one item": (lambda: memoryview(DATA * 12)[:144:2][:12:12], EVERYWHERE),
    "memoryview released": (released, {SAMPLES: ValueError, BYTES: ValueError, TEXT: ValueError}),
    "memoryview cast to b": (lambda: memoryview(DATA).cast("b"), EVERYWHERE),
    "memoryview cast to c": (lambda: memoryview(DATA).cast("c"), EVERYWHERE),
    "memoryview cast to @h": (lambda: memoryview(DATA).cast("@h"), ONLY_SAMPLES),
    "memoryview cast to h": (lambda: memoryview(DATA).cast("h"), ONLY_SAMPLES),
    "memoryview cast to H": (lambda: memoryview(DATA).cast("H"), NOWHERE),
    "memoryview cast to i": (lambda: memoryview(DATA).cast("i"), NOWHERE),
    "memoryview cast to f": (lambda: memoryview(DATA).cast("f"), NOWHERE),
    "memoryview cast to ?": (lambda: memoryview(DATA).cast("?"), NOWHERE),
    "memoryview 2-D": (lambda: memoryview(DATA).cast("B", shape=[3, 4]), EVERYWHERE),
    "memoryview 0-D": (lambda: memoryview(DATA[:1]).cast("B", shape=[]), None),
    "array b": (lambda: array.array("b", DATA), EVERYWHERE),
    "array B": (lambda: array.array("B", DATA), EVERYWHERE),
    "array h": (lambda: array.array("h", DATA), ONLY_SAMPLES),
    "array H": (lambda: array.array("H", DATA), NOWHERE),
    "array i": (lambda: array.array("i", DATA), NOWHERE),
    "array f": (lambda: array.array("f", DATA), NOWHERE),
    "mmap": (mapped, EVERYWHERE),
    "BytesIO buffer": (lambda: io.BytesIO(DATA).getbuffer(), EVERYWHERE),
    "PickleBuffer": (lambda: pickle.PickleBuffer(DATA), EVERYWHERE),
    "ctypes char": (lambda: (ctypes.c_char * 12)(*DATA), EVERYWHERE),
    "ctypes ubyte": (lambda: (ctypes.c_ubyte * 12)(*DATA), EVERYWHERE),
    "ctypes int16": (lambda: (ctypes.c_int16 * 6).from_buffer_copy(DATA), ONLY_SAMPLES),
    "ctypes int16 of the other byte order": (
        lambda: ((ctypes.c_int16.__ctype_be__ if sys.byteorder == "little" else ctypes.c_int16.__ctype_le__) * 6)(),
        NOWHERE,
    ),
    "ctypes int32": (lambda: (ctypes.c_int32 * 3).from_buffer_copy(DATA), NOWHERE),
    "numpy uint8": (lambda: numpy_of("u1"), EVERYWHERE),
    "numpy int8": (lambda: numpy_of("i1"), EVERYWHERE),
    "numpy int16": (lambda: numpy_of("i2"), ONLY_SAMPLES),
    "numpy int16 of the other byte order": (other_byte_order, NOWHERE),
    "numpy uint16": (lambda: numpy_of("u2"), NOWHERE),
    "numpy int32": (lambda: numpy_of("i4"), NOWHERE),
    "numpy float32": (lambda: numpy_of("f4"), NOWHERE),
    "numpy bool": (lambda: numpy_of("?"), NOWHERE),
    "numpy bytes strings": (lambda: numpy_of("S3"), NOWHERE),
    "numpy structured": (lambda: numpy_of("u1,i1"), NOWHERE),
    "numpy read-only": (lambda: read_only(numpy_of("u1")), EVERYWHERE),
    "numpy 2-D": (lambda: numpy_of("u1").reshape(3, 4), EVERYWHERE),
    "numpy Fortran order": (lambda: np.asfortranarray(numpy_of("u1").reshape(3, 4)), NOT_CONTIGUOUS),
    "numpy column": (lambda: np.zeros((12, 2), "u1")[:, 0], NOT_CONTIGUOUS),
    "numpy self-overlapping": (overlapping, NOT_CONTIGUOUS),
    "numpy broadcast": (lambda: np.broadcast_to(np.uint8(65), 12), NOT_CONTIGUOUS),
    "str": (lambda: DATA.decode(), {SAMPLES: TypeError, BYTES: TypeError, TEXT: None}),
    "int": (lambda: 12, NOWHERE),
    "None": (lambda: None, NOWHERE),
    "list": (lambda: list(DATA), NOWHERE),
    "buffer type itself": (lambda: bytes, NOWHERE),
}  # fmt: skip

FUNCTIONS = {
    "ulaw_encode": (g711.ulaw_encode, SAMPLES),
    "alaw_encode": (g711.alaw_encode, SAMPLES),
    "ulaw_decode": (g711.ulaw_decode, BYTES),
    "alaw_decode": (g711.alaw_decode, BYTES),
    "ulaw_to_alaw": (g711.ulaw_to_alaw, BYTES),
    "alaw_to_ulaw": (g711.alaw_to_ulaw, BYTES),
    "split_stereo": (g711.split_stereo, BYTES),
    "encode": (b64.encode, BYTES),
    "chunks": (lambda data: list(b64.chunks(data)), BYTES),
    "decode": (b64.decode, TEXT),
    "decoded_size": (b64.decoded_size, TEXT),
    "decode_ulaw": (b64.decode_ulaw, TEXT),
    "decode_alaw": (b64.decode_alaw, TEXT),
    "frame ulaw": (b64.MessageFramer(b"<", b">", codec="ulaw").frame, SAMPLES),
    "frame": (b64.MessageFramer(b"<", b">", codec=None).frame, BYTES),
    "frames alaw": (lambda audio: b64.MessageFramer(b"<", b">", codec="alaw").frames(audio, 4), SAMPLES),
    "scan": (lambda data: b64.MessageScanner(b"<", bytes, b">").scan(data), BYTES),
    "gain": (lambda samples: pcm.gain(samples, -6), SAMPLES),
    "byteswap": (pcm.byteswap, SAMPLES),
    "level": (pcm.level, SAMPLES),
    "mix": (lambda samples: pcm.mix([samples, samples]), SAMPLES),
    "mix_minus": (lambda samples: pcm.mix_minus([samples, samples]), SAMPLES),
    "interleave": (lambda samples: pcm.interleave([samples, samples, samples]), SAMPLES),
    "deinterleave": (lambda samples: pcm.deinterleave(samples, 2), SAMPLES),
    "resample": (lambda samples: pcm.Resampler(8000, 16000).resample(samples), SAMPLES),
    "resample nothing": (lambda samples: pcm.Resampler(8000, 8000).resample(samples), SAMPLES),
    "ulaw_encode_into": (lambda data: g711.ulaw_encode_into(data, bytearray(6)), SAMPLES),
    "alaw_encode_into": (lambda data: g711.alaw_encode_into(data, bytearray(6)), SAMPLES),
    "ulaw_decode_into": (lambda data: g711.ulaw_decode_into(data, bytearray(24)), BYTES),
    "alaw_decode_into": (lambda data: g711.alaw_decode_into(data, bytearray(24)), BYTES),
    "ulaw_to_alaw_into": (lambda data: g711.ulaw_to_alaw_into(data, bytearray(12)), BYTES),
    "alaw_to_ulaw_into": (lambda data: g711.alaw_to_ulaw_into(data, bytearray(12)), BYTES),
    "encode_into": (lambda data: b64.encode_into(data, bytearray(16)), BYTES),
    "decode_into": (lambda data: b64.decode_into(data, bytearray(9)), TEXT),
    "gain_into": (lambda samples: pcm.gain_into(samples, bytearray(12), 6), SAMPLES),
    "byteswap_into": (lambda samples: pcm.byteswap_into(samples, bytearray(12)), SAMPLES),
    "mix_into": (lambda samples: pcm.mix_into([samples], bytearray(12)), SAMPLES),
    "interleave_into": (lambda samples: pcm.interleave_into([samples, samples], bytearray(24)), SAMPLES),
}


def is_unlocked(exporter: object) -> bool:
    """No view is left: a bytearray can be resized."""
    if isinstance(exporter, bytearray):
        exporter.append(0)
    return True


def refused_with(function, *arguments: object) -> type[Exception] | None:
    try:
        function(*arguments)
    except Exception as error:
        return type(error)
    return None


@pytest.mark.parametrize("kind", INPUTS)
def test_input(kind: str) -> None:
    """Every function in one test: pytest's own work for one of each would take longer than all of these."""
    make, verdicts = INPUTS[kind]
    for name, (function, role) in FUNCTIONS.items():
        argument = make()
        data = DATA
        if kind in ("memoryview 0-D", "memoryview strided to one item"):
            data = DATA[:1]  # one item: neither a sample nor base64, nor a pair of codewords
            verdict = None if role == BYTES and name != "split_stereo" else ValueError
        else:
            verdict = verdicts[role]
        if verdict is None:
            assert function(argument) == function(data), name
        else:
            assert issubclass(refused_with(function, argument) or type(None), verdict), name
        assert is_unlocked(argument), name


def test_the_matrix_is_wide() -> None:
    assert len(INPUTS) >= 40


# Outputs: kind -> how to make one of 24 bytes and how to see its bytes; or the error.
OUTPUTS = {
    "bytearray": (lambda: bytearray(24), None),
    "bytearray subclass": (lambda: BytearrayChild(24), None),
    "memoryview": (lambda: memoryview(bytearray(24)), None),
    "memoryview slice": (lambda: memoryview(bytearray(40))[8:32], None),
    "memoryview 2-D": (lambda: memoryview(bytearray(24)).cast("B", shape=[4, 6]), None),
    "memoryview cast to b": (lambda: memoryview(bytearray(24)).cast("b"), None),
    "memoryview cast to c": (lambda: memoryview(bytearray(24)).cast("c"), None),
    "memoryview cast to h": (lambda: memoryview(bytearray(24)).cast("h"), SAMPLES),
    "array B": (lambda: array.array("B", bytes(24)), None),
    "array h": (lambda: array.array("h", bytes(24)), SAMPLES),
    "mmap": (lambda: mmap.mmap(-1, 24), None),
    "ctypes char": (lambda: (ctypes.c_char * 24)(), None),
    "ctypes ubyte": (lambda: (ctypes.c_ubyte * 24)(), None),
    "ctypes int16": (lambda: (ctypes.c_int16 * 12)(), SAMPLES),
    "numpy uint8": (lambda: np.zeros(24, "u1"), None),
    "numpy int16": (lambda: np.zeros(12, "i2"), SAMPLES),
    "BytesIO buffer": (lambda: io.BytesIO(bytes(24)).getbuffer(), None),
    "bytes": (lambda: bytes(24), BufferError),
    "memoryview read-only": (lambda: memoryview(bytearray(24)).toreadonly(), BufferError),
    "memoryview strided": (lambda: memoryview(bytearray(48))[::2], BufferError),
    "memoryview released": (released, ValueError),
    "numpy read-only": (lambda: read_only(np.zeros(24, "u1")), BufferError),
    "numpy column": (lambda: np.zeros((24, 2), "u1")[:, 0], BufferError),
    "numpy float32": (lambda: np.zeros(6, "f4"), TypeError),
    "array H": (lambda: array.array("H", bytes(24)), TypeError),
    "str": (lambda: "x" * 24, TypeError),
    "None": (lambda: None, TypeError),
}

INTO = {
    "ulaw_encode_into": (g711.ulaw_encode_into, g711.ulaw_encode, BYTES),
    "alaw_encode_into": (g711.alaw_encode_into, g711.alaw_encode, BYTES),
    "ulaw_decode_into": (g711.ulaw_decode_into, g711.ulaw_decode, SAMPLES),
    "alaw_decode_into": (g711.alaw_decode_into, g711.alaw_decode, SAMPLES),
    "ulaw_to_alaw_into": (g711.ulaw_to_alaw_into, g711.ulaw_to_alaw, BYTES),
    "alaw_to_ulaw_into": (g711.alaw_to_ulaw_into, g711.alaw_to_ulaw, BYTES),
    "encode_into": (b64.encode_into, b64.encode, BYTES),
    "decode_into": (b64.decode_into, b64.decode, BYTES),
    "gain_into": (lambda data, out: pcm.gain_into(data, out, -6), lambda data: pcm.gain(data, -6), SAMPLES),
    "byteswap_into": (pcm.byteswap_into, pcm.byteswap, SAMPLES),
    "mix_into": (lambda data, out: pcm.mix_into([data, data], out), lambda data: pcm.mix([data, data]), SAMPLES),
    "interleave_into": (lambda data, out: pcm.interleave_into([data], out), bytes, SAMPLES),
}


@pytest.mark.parametrize("name", INTO)
@pytest.mark.parametrize("kind", OUTPUTS)
def test_output(kind: str, name: str) -> None:
    make, verdict = OUTPUTS[kind]
    into, plain, role = INTO[name]
    out = make()
    if verdict == SAMPLES:
        verdict = None if role == SAMPLES else TypeError
    if verdict is None:
        expected = plain(DATA)
        assert into(DATA, out) == len(expected)
        assert bytes(memoryview(out).tobytes())[: len(expected)] == expected
    else:
        with pytest.raises(verdict):
            into(DATA, out)
    assert is_unlocked(out)


@pytest.mark.parametrize("name", INTO)
def test_errors_leave_the_output_and_its_surroundings_alone(name: str) -> None:
    into, _, _ = INTO[name]
    surroundings = bytearray(b"\xa5" * (64 + 5 + 64))
    with memoryview(surroundings) as view, view[64:69] as out:
        for bad in (DATA + b"AAAA", DATA + b"A", memoryview(DATA)[::2], 5, np.zeros(3, "f4"), "é" * 8):
            with pytest.raises((TypeError, ValueError, BufferError)):
                into(bad, out)
    assert surroundings == b"\xa5" * len(surroundings)


@pytest.mark.parametrize("name", INTO)
@pytest.mark.parametrize("shift", [-5, -1, 0, 1, 5])
def test_input_and_output_may_overlap(name: str, shift: int) -> None:
    into, plain, _ = INTO[name]
    memory = bytearray(b"\0" * 8 + DATA * 8 + b"\0" * 200)
    with memoryview(memory) as view:
        source, out = view[8 : 8 + 96], view[8 + shift :]
        expected = plain(source)
        assert into(source, out) == len(expected)
        assert out[: len(expected)] == expected
        source.release()
        out.release()


def test_the_errors_name_both_formats() -> None:
    with pytest.raises(TypeError, match=r"^samples need buffer format 'h' \(or bytes: 'B', 'b', 'c'\), got 'f'$"):
        g711.ulaw_encode(array.array("f", [0.5]))
    with pytest.raises(TypeError, match=r"^bytes need buffer format 'B', 'b' or 'c', got 'h'$"):
        g711.ulaw_decode(array.array("h", [5]))
    with pytest.raises(BufferError, match="not C-contiguous"):
        b64.encode(memoryview(bytes(8))[::2])
    with pytest.raises(BufferError, match="read-only"):
        b64.encode_into(b"", b"")
