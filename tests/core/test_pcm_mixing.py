"""Mixing and interleaving against integers without bounds, and against audioop."""

import itertools
import random
from array import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonewire import pcm
from phonewire.errors import BufferTooSmallError, CodecError

EDGES = (-32768, -32767, -16384, -1, 0, 1, 16383, 16384, 32766, 32767)


def samples_of(data: bytes) -> list[int]:
    return array("h", data).tolist()


def noise(n: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(2 * n)


def clipped(values: np.ndarray) -> bytes:
    return np.clip(values, -32768, 32767).astype(np.int16).tobytes()


def wide(inputs: list[bytes]) -> np.ndarray:
    return np.array([np.frombuffer(each, np.int16) for each in inputs], np.int64)


# Every length up to three vectors, then some that release the GIL.
LENGTHS = [*range(52), 160, 8191, 8192, 8193]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_sums_of_edges_are_clipped(count: int) -> None:
    columns = list(itertools.product(EDGES, repeat=count))
    expected = [max(-32768, min(sum(column), 32767)) for column in columns]
    inputs = [array("h", samples) for samples in zip(*columns, strict=True)]
    assert samples_of(pcm.mix(inputs)) == expected


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("count", [1, 2, 5])
def test_mix_is_the_clipped_sum(count: int, n: int) -> None:
    inputs = [noise(n, seed) for seed in range(count)]
    assert pcm.mix(inputs) == clipped(wide(inputs).sum(axis=0))


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("count", [1, 2, 5])
def test_each_leg_hears_all_the_others(count: int, n: int) -> None:
    inputs = [noise(n, seed) for seed in range(count)]
    total = wide(inputs).sum(axis=0)
    assert pcm.mix_minus(inputs) == [clipped(total - own) for own in wide(inputs)]


def test_mix_minus_is_clipped_once() -> None:
    # The total needs 17 bits; without one's own it fits again.
    legs = [array("h", [value]) for value in (32767, 32767, -32768)]
    assert [samples_of(heard) for heard in pcm.mix_minus(legs)] == [[-1], [-1], [32767]]


def test_a_leg_that_is_alone_hears_silence() -> None:
    assert pcm.mix_minus([noise(160, 1)]) == [bytes(320)]
    assert pcm.mix_minus([]) == []


@given(st.integers(1, 9), st.integers(0, 70), st.randoms(use_true_random=False))
def test_mixing_like_integers_without_bounds(count: int, n: int, rng) -> None:
    legs = [array("h", rng.choices(EDGES, k=n)) for _ in range(count)]
    total = wide([leg.tobytes() for leg in legs]).sum(axis=0)
    assert pcm.mix(legs) == clipped(total)
    assert pcm.mix_minus(legs) == [clipped(total - np.array(leg, np.int64)) for leg in legs]


def test_mix_agrees_with_audioop(audioop) -> None:
    one, other = noise(5000, 1), noise(5000, 2)
    assert pcm.mix([one, other]) == audioop.add(one, other, 2)


@pytest.mark.parametrize("value", [-32768, 32767])
def test_as_many_inputs_as_32_bits_hold(value: int) -> None:
    leg = array("h", [value] * 17)
    assert pcm.mix([leg] * 65_536) == leg.tobytes()
    assert pcm.mix_minus([leg] * 65_536) == [leg.tobytes()] * 65_536
    for function in (pcm.mix, pcm.mix_minus, pcm.interleave):
        with pytest.raises(ValueError, match="at most 65536 inputs, got 65537"):
            function([leg] * 65_537)


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_interleaving_and_back(count: int, n: int) -> None:
    channels = [noise(n, seed) for seed in range(count)]
    joined = pcm.interleave(channels)
    assert joined == wide(channels).T.astype(np.int16).tobytes()
    assert pcm.deinterleave(joined, count) == channels


def test_channels_by_name() -> None:
    assert pcm.deinterleave(b"abcdefgh", channels=2) == [b"abef", b"cdgh"]
    assert pcm.deinterleave(b"", channels=3) == [b"", b"", b""]


@pytest.mark.parametrize("function", [pcm.mix, pcm.interleave])
def test_something_must_go_in(function) -> None:
    with pytest.raises(ValueError, match="at least one input is needed, got 0"):
        function([])


@pytest.mark.parametrize("function", [pcm.mix, pcm.mix_minus, pcm.interleave])
def test_inputs_have_one_size(function) -> None:
    kept = bytearray(322)
    with pytest.raises(CodecError, match="inputs must have one size, got 322 and 320 bytes"):
        function([kept, bytes(322), bytes(320)])
    with pytest.raises(CodecError, match="2 bytes each, got 321"):
        function([kept, bytes(321)])
    with pytest.raises(TypeError):
        function([kept, 5])
    with pytest.raises(TypeError):
        function(kept)
    with pytest.raises(TypeError):
        function(5)
    kept.append(0)  # nothing holds it


def test_inputs_may_come_from_anywhere() -> None:
    legs = [noise(20, 1), bytearray(noise(20, 2)), memoryview(noise(20, 3)), array("h", noise(20, 4))]
    expected = clipped(wide([bytes(leg) for leg in legs]).sum(axis=0))
    assert pcm.mix(legs) == pcm.mix(tuple(legs)) == pcm.mix(leg for leg in legs) == pcm.mix(iter(legs)) == expected


def test_channels_are_counted() -> None:
    for channels in (0, -1, 65_537, 2**80):
        with pytest.raises(ValueError, match=f"channels must be 1 to 65536, got {channels}"):
            pcm.deinterleave(bytes(12), channels)
    with pytest.raises(CodecError, match="audio of 3 channels is a multiple of 6 bytes, got 16"):
        pcm.deinterleave(bytes(16), 3)
    with pytest.raises(TypeError):
        pcm.deinterleave(bytes(16), "2")


INTO = [(pcm.mix, pcm.mix_into, 1), (pcm.interleave, pcm.interleave_into, 2)]


@pytest.mark.parametrize(("plain", "into", "times"), INTO)
@pytest.mark.parametrize("n", [0, 1, 15, 16, 33, 160, 9000])
def test_into_writes_what_the_plain_function_returns(plain, into, times: int, n: int) -> None:
    inputs = [noise(n, 1), noise(n, 2)]
    out = bytearray(b"\xa5" * (2 * n * times + 70))
    assert into(inputs, out) == 2 * n * times
    assert out == plain(inputs) + b"\xa5" * 70


@pytest.mark.parametrize(("plain", "into", "times"), INTO)
def test_too_small_an_output_is_left_alone(plain, into, times: int) -> None:
    out = bytearray(b"\xa5" * (320 * times - 2))
    with pytest.raises(BufferTooSmallError) as caught:
        into([bytes(320), bytes(320)], out)
    assert (caught.value.needed, caught.value.available) == (320 * times, 320 * times - 2)
    assert out == b"\xa5" * len(out)


@pytest.mark.parametrize(("plain", "into", "times"), INTO)
@pytest.mark.parametrize("shift", [-6, -1, 0, 1, 6])
def test_the_output_may_overlap_inputs(plain, into, times: int, shift: int) -> None:
    memory = bytearray(noise(500, 3))
    with memoryview(memory) as view, view[100:180] as one, view[140:220] as other, view[100 + shift :] as out:
        expected = plain([one, other])
        assert into([one, other], out) == len(expected)
        assert out[: len(expected)] == expected
