"""Nothing leaks, nothing overflows, nobody pulls a buffer away: the compiled core under hostile objects."""

import ctypes
import subprocess
import sys
import threading
from collections import deque
from contextlib import suppress
from itertools import repeat
from types import SimpleNamespace

import pytest

from phonewire import backend_info
from phonewire.errors import InvalidBase64Error
from tests.core.domains import load
from tests.own_memory import needs_smaps, own_bytes

PURE = load("pure")  # has the same names: what is to be called is known before the compiled core is

PCM = bytes(range(256)) + bytes(64)
CODEWORDS = PCM[:160]
TEXT = b"QUJD" * 54
BAD_TEXT = b"QUJD" * 53 + b"QU!D"
MESSAGE = b'{"n":1234567890,"payload":"' + TEXT + b'"}'
OUT = bytearray(640)


def calls(native) -> dict[str, tuple]:
    g711, b64, payload = native.g711, native.b64, native.payload
    framer = payload.MessageFramer(b'{"payload":"', b'"}')
    return {
        "ulaw_encode": (g711.ulaw_encode, PCM),
        "alaw_encode": (g711.alaw_encode, memoryview(PCM)),
        "ulaw_decode": (g711.ulaw_decode, CODEWORDS),
        "alaw_decode": (g711.alaw_decode, bytearray(CODEWORDS)),
        "ulaw_to_alaw": (g711.ulaw_to_alaw, CODEWORDS),
        "alaw_to_ulaw": (g711.alaw_to_ulaw, CODEWORDS),
        "split_stereo": (g711.split_stereo, CODEWORDS),
        "ulaw_encode_into": (lambda data: g711.ulaw_encode_into(data, OUT), PCM),
        "alaw_encode_into": (lambda data: g711.alaw_encode_into(data, OUT), PCM),
        "ulaw_decode_into": (lambda data: g711.ulaw_decode_into(data, OUT), CODEWORDS),
        "alaw_decode_into": (lambda data: g711.alaw_decode_into(data, OUT), CODEWORDS),
        "ulaw_to_alaw_into": (lambda data: g711.ulaw_to_alaw_into(data, OUT), CODEWORDS),
        "alaw_to_ulaw_into": (lambda data: g711.alaw_to_ulaw_into(data, OUT), CODEWORDS),
        "overlapping": (lambda data: g711.ulaw_decode_into(data, data), memoryview(bytearray(2))[:0]),
        "encode": (b64.encode, CODEWORDS),
        "encode_into": (lambda data: b64.encode_into(data, OUT), CODEWORDS),
        "decode": (b64.decode, TEXT),
        "decode str": (b64.decode, TEXT.decode()),
        "decode_into": (lambda text: b64.decode_into(text, OUT), TEXT),
        "decoded_size": (b64.decoded_size, TEXT),
        "encoded_size": (b64.encoded_size, 160),
        "decode_ulaw": (payload.decode_ulaw, TEXT),
        "decode_alaw": (payload.decode_alaw, TEXT),
        "frame": (framer.frame, PCM),
        "frames": (lambda audio: framer.frames(audio, 160), PCM),
        "scan": (native.scanner.MessageScanner(b'{"n":', int, b',"payload":"', bytes, b'"}').scan, MESSAGE),
    }


def pcm_calls(native) -> dict[str, tuple]:
    pcm, mixing, interleaving = native.pcm, native.mixing, native.interleaving
    resampler = native.resample.Resampler(8000, 16000)
    return {
        "gain": (lambda samples: pcm.gain(samples, -6), PCM),
        "gain_into": (lambda samples: pcm.gain_into(samples, OUT, -6), PCM),
        "byteswap": (pcm.byteswap, PCM),
        "byteswap_into": (lambda samples: pcm.byteswap_into(samples, OUT), bytearray(PCM)),
        "level": (pcm.level, PCM),
        "mix": (mixing.mix, [PCM, memoryview(PCM)]),
        "mix_into": (lambda inputs: mixing.mix_into(inputs, OUT), [PCM, PCM]),
        "mix_minus": (mixing.mix_minus, [PCM, PCM, PCM]),
        "interleave": (interleaving.interleave, [PCM, PCM]),
        "interleave_into": (lambda inputs: interleaving.interleave_into(inputs, OUT), [PCM, PCM]),
        "deinterleave": (lambda samples: interleaving.deinterleave(samples, 2), PCM),
        "resample": (resampler.resample, PCM[:32]),
        "scan keys": (native.dtmf.ToneScanner().scan, PCM[:32]),
    }


def rtp_calls(native) -> dict[str, tuple]:
    rtp_parse, rtp_pack = native.rtp_parse, native.rtp_pack
    numbers = {"payload_type": 0, "ssrc": 1, "sequence_number": 2, "timestamp": 3}
    packet = rtp_pack.pack(CODEWORDS, **numbers)
    packetizer = native.rtp_packetizer.Packetizer(**numbers, samples_per_packet=160, payload_size=160)
    tracker = native.rtp_tracker.SequenceTracker()
    return {
        "parse": (rtp_parse.parse, packet),
        "parse and look": (lambda data: rtp_parse.parse(data).payload, bytearray(packet)),
        "parse_batch": (rtp_parse.parse_batch, (packet, memoryview(packet))),
        "pack": (lambda payload: rtp_pack.pack(payload, **numbers), CODEWORDS),
        "pack_into": (lambda payload: rtp_pack.pack_into(OUT, payload, **numbers), bytearray(CODEWORDS)),
        "packetize": (packetizer.packetize, CODEWORDS),
        "update": (tracker.update, 7000),
        "report": (lambda _: tracker.report(), []),
    }


class Socket:
    buffered_bytes = 0

    def write(self, message: bytes, text: bool) -> bool:
        return True


def way_calls(native) -> dict[str, tuple]:
    hearing, backlog = native.hearing.Hearing(), native.hearing.Backlog(1000, False)  # drops the oldest
    scanner = native.scanner.MessageScanner(b'{"n":', int, b',"payload":"', bytes, b'"}')
    read = native.scanner.EventScanner(scanner, SimpleNamespace, (), ()).read
    hearing.open((lambda data: SimpleNamespace(payload=data),), backlog)
    sender = native.sending.Sender(native.sending.Schedule(0), 10**15, 1, lambda: 10**18)
    sender.prepare(20_000_000, 160, (bytes, 320, bytes), Socket())
    sender.open()
    return {
        "an event of a message": (read, MESSAGE),
        "hear": (lambda data: hearing.take(data, True), MESSAGE),
        "publish and take": (lambda item: (backlog.publish(item, 1), backlog.take()), MESSAGE),
        "send samples": (sender.send_samples, PCM),
        "send a payload": (sender.send_payload, CODEWORDS),
        "send what is no frame": (sender.send_payload, PCM),
    }


def failing_calls(native) -> dict[str, tuple]:
    g711, b64, payload = native.g711, native.b64, native.payload
    framer = payload.MessageFramer(b"", b"")
    strided = memoryview(PCM)[::2]
    return {
        "odd": (g711.ulaw_encode, PCM[:-1]),
        "float": (g711.ulaw_encode, memoryview(bytearray(PCM)).cast("f")),
        "strided": (g711.ulaw_decode, strided),
        "family": (lambda data: g711.ulaw_encode(data, compat="x"), PCM),
        "room": (lambda data: g711.ulaw_decode_into(data, bytearray(1)), bytearray(CODEWORDS)),
        "read-only": (lambda data: b64.encode_into(data, data), CODEWORDS),
        "text": (b64.decode, BAD_TEXT),
        "not ASCII": (b64.decode, "QUJDé"),
        "payload": (payload.decode_ulaw, bytearray(BAD_TEXT)),
        "frame": (framer.frame, PCM[:-1]),
        "frames": (lambda audio: framer.frames(audio, 3), PCM),
        "framer": (lambda prefix: payload.MessageFramer(prefix, None), b""),
        "mix": (native.mixing.mix, [PCM, bytearray(2)]),
        "interleave": (native.interleaving.interleave, [PCM, None]),
        "resample": (native.resample.Resampler(8000, 16000).resample, PCM[:-1]),
        "scan keys": (native.dtmf.ToneScanner().scan, PCM[:-1]),
        "parse": (native.rtp_parse.parse, b"\x80" * 11),
        "parse strided": (native.rtp_parse.parse, strided),
        "batch": (native.rtp_parse.parse_batch, [PCM, None]),
    }


def refuse(function, argument) -> None:
    try:
        function(argument)
    except (TypeError, ValueError, BufferError):
        return
    raise AssertionError("accepted")


def grown_by(function, argument, times: int) -> int:
    """How much memory some calls keep, after a tenth of them to warm up, and whether they keep their argument."""
    deque(map(function, repeat(argument, times // 10)), maxlen=0)
    references, before = sys.getrefcount(argument), own_bytes()
    deque(map(function, repeat(argument, times)), maxlen=0)
    assert sys.getrefcount(argument) == references
    return own_bytes() - before


once = pytest.mark.skipif(
    sys.gettrace() is not None
    or backend_info().backend == "pure"
    or (backend_info().isa == "scalar" and len(backend_info().available_isas) > 1),
    reason="a million calls are enough once: with the best instruction set, and untraced, as tracers keep memory, too",
)


@needs_smaps
@once
@pytest.mark.parametrize("name", calls(PURE))
def test_a_million_calls_keep_nothing(name: str, native) -> None:
    assert grown_by(*calls(native)[name], 1_000_000) <= 256 * 1024


@needs_smaps
@once
@pytest.mark.parametrize("name", pcm_calls(PURE))
def test_a_million_calls_on_pcm_keep_nothing(name: str, native) -> None:
    assert grown_by(*pcm_calls(native)[name], 1_000_000) <= 256 * 1024


@needs_smaps
@once
@pytest.mark.parametrize("name", rtp_calls(PURE))
def test_a_million_calls_on_rtp_keep_nothing(name: str, native) -> None:
    assert grown_by(*rtp_calls(native)[name], 1_000_000) <= 256 * 1024


@needs_smaps
@once
@pytest.mark.parametrize("name", way_calls(PURE))
def test_frames_on_the_short_ways_keep_nothing(name: str, native) -> None:
    assert grown_by(*way_calls(native)[name], 300_000) <= 256 * 1024


@needs_smaps
@once
@pytest.mark.parametrize("name", failing_calls(PURE))
def test_a_hundred_thousand_errors_keep_nothing(name: str, native) -> None:
    function, argument = failing_calls(native)[name]
    assert grown_by(lambda data: refuse(function, data), argument, 100_000) <= 256 * 1024


@pytest.mark.skipif(sys.maxsize < 2**63 - 1, reason="64-bit machines only")
def test_sizes_are_checked_before_they_are_multiplied(backend) -> None:
    # 2^62 and 2^63 - 1 bytes that are not there: whoever looks at them, or asks for twice as many, is lost.
    byte = ctypes.c_char(b"A")
    huge = (ctypes.c_char * 2**62).from_address(ctypes.addressof(byte))
    largest = (ctypes.c_char * (2**63 - 1)).from_address(ctypes.addressof(byte))
    for function, argument in ((backend.g711.ulaw_decode, huge), (backend.b64.encode, largest)):
        with pytest.raises((MemoryError, OverflowError)):
            function(argument)
    out = bytearray(8)
    with pytest.raises((MemoryError, OverflowError, ValueError)):
        backend.g711.ulaw_decode_into(huge, out)
    assert out == bytes(8)


def test_a_buffer_cannot_be_resized_while_it_is_read(native) -> None:
    memory = bytearray(64 << 20)
    refused = False
    for _ in range(50):
        worker = threading.Thread(target=native.g711.ulaw_encode, args=(memory,))
        worker.start()
        while worker.is_alive():
            try:
                memory.append(0)
                memory.pop()
            except BufferError:
                refused = True
        worker.join()
        if refused:
            break
    assert refused
    memory.append(0)


def test_text_that_changes_under_a_decoder_is_decoded_with_the_gil(native) -> None:
    # The size of the result follows from the padding, so nobody may take it away in between.
    text = bytearray(b"QUJD" * 500_000 + b"QQ==")
    stop = threading.Event()

    def flicker() -> None:
        while not stop.is_set():
            text[-2:] = b"QQ"
            text[-2:] = b"=="

    worker = threading.Thread(target=flicker)
    worker.start()
    try:
        for _ in range(20):
            # 'QQ' over '==', one character at a time, may be seen half done.
            with suppress(InvalidBase64Error):
                assert len(native.b64.decode(text)) in (1_500_001, 1_500_003)
                assert len(native.payload.decode_ulaw(text)) in (3_000_002, 3_000_006)
    finally:
        stop.set()
        worker.join()


@pytest.mark.skipif(sys.version_info < (3, 12), reason="__buffer__ in Python classes: 3.12 or newer")
def test_a_reentrant_buffer(backend) -> None:
    class Reentrant:
        def __init__(self) -> None:
            self.memory = bytearray(PCM)
            self.depth = 0

        def __buffer__(self, flags: int) -> memoryview:
            self.depth += 1
            if self.depth < 5:
                backend.g711.ulaw_encode(self)
            return memoryview(self.memory)

        def __release_buffer__(self, view: memoryview) -> None:
            view.release()

    source = Reentrant()
    assert backend.g711.ulaw_encode(source) == backend.g711.ulaw_encode(PCM)
    source.memory.append(0)


# Compiled calls only: CPython 3.12 and 3.13 themselves crash where a generator finds no memory.
NO_MEMORY = """
import sys
from _testcapi import remove_mem_hooks, set_nomemory
from phonewire import b64, dtmf, g711, pcm as linear, rtp
pcm, codewords, text, out = bytes(320), bytes(160), b"QUJD" * 54, bytearray(640)
framer = b64.MessageFramer(b"<", b">")
resampler = linear.Resampler(24000, 16000)
scanner = dtmf.ToneScanner()
packet = rtp.pack(codewords, payload_type=0, sequence_number=1, timestamp=2, ssrc=3)
packetizer = rtp.Packetizer(0, ssrc=1, sequence_number=2, timestamp=3, samples_per_packet=160, payload_size=160)
calls = [
    lambda: g711.ulaw_encode(pcm), lambda: g711.alaw_decode(codewords), lambda: g711.ulaw_encode_into(pcm, out),
    lambda: g711.ulaw_decode_into(memoryview(out)[:160], out), lambda: g711.ulaw_encode(bytearray(pcm)),
    lambda: b64.encode(codewords), lambda: b64.decode(text), lambda: b64.decode("QUJDé"), lambda: b64.decode(b"QU!D"),
    lambda: b64.decode_into(text, out), lambda: b64.decode_ulaw(text), lambda: framer.frame(pcm),
    lambda: framer.frames(pcm, 64), lambda: g711.ulaw_encode(pcm[:-1]), lambda: linear.mix_minus([pcm, out, pcm]),
    lambda: linear.mix_into([pcm, pcm], out), lambda: resampler.resample(pcm), lambda: linear.gain(pcm, 6),
    lambda: scanner.scan(pcm), lambda: linear.deinterleave(pcm, 2),
    lambda: rtp.parse(packet).payload, lambda: rtp.parse(bytearray(5)),
    lambda: rtp.pack(codewords, payload_type=0, sequence_number=1, timestamp=2, ssrc=3), lambda: packetizer.flush(),
    lambda: packetizer.packetize(pcm[:250]),
]
failed = 0
for call in calls:
    for n in range(200):
        good = False
        set_nomemory(n, n + 1)
        try:
            call()
            good = True
        except MemoryError:
            failed += 1
        except ValueError:
            good = True
        finally:
            remove_mem_hooks()
        if good and n > 60:
            break
print(failed)
"""


@once
def test_every_allocation_may_fail(native) -> None:
    pytest.importorskip("_testcapi", reason="_testcapi makes allocations fail")
    done = subprocess.run([sys.executable, "-c", NO_MEMORY], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 60
