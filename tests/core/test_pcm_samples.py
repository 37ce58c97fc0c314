"""Gain, byte order and level against exact arithmetic and audioop."""

import math
import random
import re
from array import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonewire import pcm
from phonewire.errors import BufferTooSmallError, CodecError

ALL_SAMPLES = array("h", range(-32768, 32768))
LENGTHS = [*range(52), 160, 8191, 8192, 8193]


def samples_of(data: bytes) -> list[int]:
    return array("h", data).tolist()


def noise(n: int) -> bytes:
    return random.Random(n).randbytes(2 * n)


@pytest.mark.parametrize("gain_db", [-math.inf, -400, -96, -20, -6.0206, -3, -0.001, 0, 0.5, 3, 6.0206, 20, 60.3, 90])
def test_every_sample_times_the_factor(gain_db: float) -> None:
    factor = round(10 ** (gain_db / 20) * 65536)
    # Python's // rounds downwards at any size.
    expected = [max(-32768, min((x * factor + 32768) // 65536, 32767)) for x in ALL_SAMPLES]
    assert samples_of(pcm.gain(ALL_SAMPLES, gain_db)) == expected


@given(st.integers(-32768, 32767), st.floats(-120, 90))
def test_gain_is_the_product_to_within_a_sample(sample: int, gain_db: float) -> None:
    exact = max(-32768, min(sample * 10 ** (gain_db / 20), 32767))
    assert abs(samples_of(pcm.gain(array("h", [sample]), gain_db))[0] - exact) <= 0.75


def test_no_gain_changes_nothing_and_no_signal_stays() -> None:
    assert pcm.gain(ALL_SAMPLES, 0) == ALL_SAMPLES.tobytes()
    assert pcm.gain(ALL_SAMPLES, gain_db=-math.inf) == bytes(131072)
    assert pcm.gain(bytes(320), 90) == bytes(320)


@pytest.mark.parametrize("gain_db", [90.0001, 1e300, math.inf, math.nan])
def test_gain_has_a_limit(gain_db: float) -> None:
    out = bytearray(b"\xa5" * 4)
    with pytest.raises(ValueError, match=f"gain is at most 90 dB, got {re.escape(repr(gain_db))}"):
        pcm.gain(bytes(4), gain_db)
    with pytest.raises(ValueError, match="at most 90 dB"):
        pcm.gain_into(bytes(4), out, gain_db)
    assert out == b"\xa5" * 4


def test_gain_is_a_number() -> None:
    for gain_db in ("6", None, b"", 3j):
        with pytest.raises(TypeError):
            pcm.gain(bytes(4), gain_db)


def test_gain_agrees_with_audioop(audioop) -> None:
    # audioop rounds towards minus infinity, and takes the factor as it is.
    ours = samples_of(pcm.gain(ALL_SAMPLES, 20 * math.log10(1.5)))
    theirs = samples_of(audioop.mul(ALL_SAMPLES.tobytes(), 2, 1.5))
    assert {a - b for a, b in zip(ours, theirs, strict=True)} == {0, 1}


@pytest.mark.parametrize("n", LENGTHS)
def test_every_length(n: int) -> None:
    data = noise(n)
    values = np.frombuffer(data, np.int16).astype(np.int64)
    half = round(10 ** (-6 / 20) * 65536)
    assert pcm.gain(data, -6) == (values * half + 32768 >> 16).astype(np.int16).tobytes()
    assert pcm.byteswap(data) == np.frombuffer(data, np.int16).byteswap().tobytes()
    energy = int((values * values).sum())
    if energy:
        level = pcm.level(data)
        assert level.rms_dbfs == pytest.approx(10 * math.log10(energy / n / 2**30), abs=1e-9)
        assert level.peak_dbfs == pytest.approx(20 * math.log10(int(np.abs(values).max()) / 32768), abs=1e-9)


def test_byteswap() -> None:
    assert pcm.byteswap(b"\x01\x02\x03\x04") == b"\x02\x01\x04\x03"
    assert pcm.byteswap(pcm.byteswap(ALL_SAMPLES)) == ALL_SAMPLES.tobytes()


def test_byteswap_agrees_with_audioop(audioop) -> None:
    assert pcm.byteswap(ALL_SAMPLES) == audioop.byteswap(ALL_SAMPLES.tobytes(), 2)


def test_full_scale() -> None:
    assert pcm.level(array("h", [-32768] * 100)) == pcm.Level(rms_dbfs=0.0, peak_dbfs=0.0)
    assert pcm.level(array("h", [-16384, 16384] * 50)) == pytest.approx((-6.0206, -6.0206), abs=1e-4)
    sine = array("h", [round(32767 * math.sin(2 * math.pi * i / 80)) for i in range(800)])
    assert pcm.level(sine) == pytest.approx((-3.0103, 0.0), abs=1e-3)


def test_silence_has_no_level() -> None:
    assert pcm.level(bytes(320)) == pcm.level(b"") == (-math.inf, -math.inf)
    assert pcm.level(array("h", [0] * 40 + [1])).peak_dbfs == pytest.approx(-90.309, abs=1e-3)


@pytest.mark.parametrize("place", range(50))
def test_the_peak_is_found_wherever_it_is(place: int) -> None:
    for value in (-32768, -2, 32767, 2):
        samples = array("h", [1, -1] * 25)
        samples[place] = value
        assert pcm.level(samples).peak_dbfs == 20 * math.log10(abs(value) / 32768)


def test_level_agrees_with_audioop(audioop) -> None:
    data = noise(5000)
    assert math.floor(32768 * 10 ** (pcm.level(data).rms_dbfs / 20)) == audioop.rms(data, 2)
    assert round(32768 * 10 ** (pcm.level(data).peak_dbfs / 20)) == audioop.max(data, 2)


@pytest.mark.parametrize(
    "function",
    [
        lambda samples: pcm.gain(samples, 0),
        lambda samples: pcm.gain_into(samples, bytearray(400), 0),
        pcm.byteswap,
        lambda samples: pcm.byteswap_into(samples, bytearray(400)),
        pcm.level,
    ],
)
def test_half_a_sample_is_an_error(function) -> None:
    with pytest.raises(CodecError, match="2 bytes each, got 321"):
        function(bytes(321))


def minus_6_db(samples) -> bytes:
    return pcm.gain(samples, -6)


def minus_6_db_into(samples, out) -> int:
    return pcm.gain_into(samples, out, gain_db=-6)


INTO = [(minus_6_db, minus_6_db_into), (pcm.byteswap, pcm.byteswap_into)]


@pytest.mark.parametrize(("plain", "into"), INTO)
@given(data=st.binary(max_size=300), spare=st.integers(0, 70))
def test_into_writes_what_the_plain_function_returns(plain, into, data: bytes, spare: int) -> None:
    data = data[: len(data) // 2 * 2]
    out = bytearray(b"\xa5" * (len(data) + spare))
    assert into(data, out) == len(data)
    assert out == plain(data) + b"\xa5" * spare


@pytest.mark.parametrize(("plain", "into"), INTO)
def test_too_small_an_output_is_left_alone(plain, into) -> None:
    out = bytearray(b"\xa5" * 319)
    with pytest.raises(BufferTooSmallError) as caught:
        into(bytes(320), out)
    assert (caught.value.needed, caught.value.available) == (320, 319)
    assert out == b"\xa5" * 319
