"""Does 20 ms change its sample rate faster than in soxr's quickest stream and in audioop? And how late is it?"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Any

from benchmarks.rows import Row, both_sides, compiled, noise, optional
from phonewire import pcm

soxr, audioop, numpy = optional("soxr"), optional("audioop"), optional("numpy")
SKIPPED = [f"{name} is not installed" for name, rival in (("soxr", soxr), ("audioop", audioop)) if rival is None]

#: (from_hz, to_hz): how many times as fast as either.
PAIRS = {
    (8000, 16000): 1.5, (24000, 8000): 1.5, (16000, 8000): None, (8000, 24000): None, (8000, 48000): None,
    (48000, 8000): None, (16000, 24000): None, (24000, 16000): None,
}  # fmt: skip


def ratecv(from_hz: int, to_hz: int) -> Callable[[bytes], bytes]:
    """Return audioop's conversion of a stream."""
    state: Any = None

    def convert(data: bytes) -> bytes:
        nonlocal state
        result, state = audioop.ratecv(data, 2, 1, from_hz, to_hz, state)
        return result

    return convert


def soxr_stream(quality: str) -> Callable[[int, int], Callable[[Any], Any]]:
    """Return soxr's conversion of a stream: numpy arrays, which need no conversion that would count against it."""

    def make(from_hz: int, to_hz: int) -> Callable[[Any], Any]:
        return soxr.ResampleStream(from_hz, to_hz, 1, dtype="int16", quality=quality).resample_chunk

    return make


def delay_ms(convert: Callable[[Any], Any], from_hz: int, to_hz: int) -> float:
    """Return how late a player that never runs dry gets a sample, where 20 ms come at a time.

    That is how far an impulse moves, and how much audio is held back at worst.
    """
    step, audio = from_hz // 50, array("h", bytes(2 * from_hz))
    middle, out, held_back_ms = len(audio) // 2, array("h"), 0.0
    audio[middle] = 20_000
    for end in range(step, len(audio) + 1, step):
        piece = audio[end - step : end]
        out.frombytes(bytes(convert(numpy.frombuffer(piece, "i2") if "soxr" in repr(convert) else piece)))
        held_back_ms = max(held_back_ms, 1000 * (end / from_hz - len(out) / to_hz))
    return 1000 * (out.index(max(out)) / to_hz - middle / from_hz) + held_back_ms


def _rows() -> list[Row]:
    rows = []
    for (from_hz, to_hz), goal in PAIRS.items():
        data = noise(from_hz // 50)
        convert = pcm.Resampler(from_hz, to_hz).resample
        operation = f"{from_hz // 1000} to {to_hz // 1000} kHz, {delay_ms(convert, from_hz, to_hz):.1f} ms late"
        names = {"convert": convert, "data": data}
        rivals = {"audioop": (ratecv, data, goal)} if audioop else {}
        if soxr:
            samples = numpy.frombuffer(data, "i2")
            rivals |= {"soxr QQ": (soxr_stream("QQ"), samples, goal), "soxr HQ": (soxr_stream("HQ"), samples, None)}
        for rival, (make, audio, rival_goal) in rivals.items():
            late = f"{rival}, {delay_ms(make(from_hz, to_hz), from_hz, to_hz):.1f} ms late"
            theirs = {"theirs": make(from_hz, to_hz), "audio": audio}
            rows.append(
                Row(operation, late, "convert(data)", "theirs(audio)", names | theirs, from_hz // 50, rival_goal)
            )
    return rows


ROWS = _rows()


@both_sides(ROWS)
def test_speed(benchmark, statement, names) -> None:
    benchmark(compiled(statement, names))
