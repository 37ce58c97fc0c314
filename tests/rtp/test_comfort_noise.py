"""Comfort noise: RFC 3389."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonewire.errors import PacketError
from phonewire.rtp import comfort_noise
from phonewire.rtp.comfort_noise import ComfortNoise


def test_one_byte_is_white_noise() -> None:
    assert comfort_noise.parse(b"\x28") == ComfortNoise(-40)
    assert comfort_noise.pack(ComfortNoise(-40)) == b"\x28"


def test_coefficients_by_the_formula() -> None:
    # Section 3.2: k = 258 * (N - 127) / 32768.
    noise = comfort_noise.parse(bytes([0, 127, 0, 254, 191]))
    assert noise.level_dbov == 0
    assert noise.reflection_coefficients == pytest.approx(
        (0.0, -127 * 258 / 32768, 127 * 258 / 32768, 64 * 258 / 32768)
    )
    assert max(map(abs, noise.reflection_coefficients)) < 1


@given(st.integers(0, 127), st.lists(st.integers(0, 254), max_size=20))
def test_what_is_parsed_packs_to_the_same(level: int, quantised: list[int]) -> None:
    payload = bytes([level, *quantised])
    assert comfort_noise.pack(comfort_noise.parse(payload)) == payload


@given(st.floats(-1, 1, exclude_min=True, exclude_max=True))
def test_a_coefficient_goes_to_the_nearest_step(coefficient: float) -> None:
    [back] = comfort_noise.parse(comfort_noise.pack(ComfortNoise(0, (coefficient,)))).reflection_coefficients
    assert abs(back - coefficient) <= 258 / 32768 / 2 + 1e-12


@pytest.mark.parametrize(
    ("payload", "offset", "message"),
    [
        (b"", 0, "needs 1 byte, got 0"),
        (b"\x80", 0, "0 to 127 at offset 0, got 128"),
        (b"\x28\x7f\xff", 2, "0 to 254 at offset 2, got 255"),
    ],
)
def test_a_malformed_payload(payload: bytes, offset: int, message: str) -> None:
    with pytest.raises(PacketError, match=message) as caught:
        comfort_noise.parse(payload)
    assert caught.value.offset == offset


@pytest.mark.parametrize(
    ("noise", "message"),
    [
        (ComfortNoise(1), "level_dbov must be -127 to 0, got 1"),
        (ComfortNoise(-128), "level_dbov must be -127 to 0, got -128"),
        (ComfortNoise(0, (1.0,)), "between -1 and 1, got 1"),
        (ComfortNoise(0, (0.5, -1.0)), "between -1 and 1, got -1"),
        (ComfortNoise(0, (float("nan"),)), "got nan"),
    ],
)
def test_what_does_not_fit_is_refused(noise: ComfortNoise, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        comfort_noise.pack(noise)
