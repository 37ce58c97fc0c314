"""Linear PCM in the compiled core and in its twin: the same results and errors."""

import inspect
import random
from types import SimpleNamespace

import pytest

from phonewire import pcm
from phonewire._pure.polyphase import RATES_HZ


def outcome(function, *arguments) -> object:
    try:
        return function(*arguments)
    except Exception as error:
        return type(error), str(error), vars(error)


CALLS = {
    "gain": lambda x: lambda data: x.pcm.gain(data, 5.3),
    "byteswap": lambda x: x.pcm.byteswap,
    "level": lambda x: x.pcm.level,
    "mix": lambda x: lambda data: x.mixing.mix([data, data[::-1], data]),
    "mix of two sizes": lambda x: lambda data: x.mixing.mix([data, data[2:]]),
    "mix_minus": lambda x: lambda data: x.mixing.mix_minus([data, data[::-1], data]),
    "interleave": lambda x: lambda data: x.interleaving.interleave([data, data[::-1]]),
    "interleave 3": lambda x: lambda data: x.interleaving.interleave([data, data[::-1], data]),
    "deinterleave": lambda x: lambda data: x.interleaving.deinterleave(data, 2),
    "deinterleave 3": lambda x: lambda data: x.interleaving.deinterleave(data, 3),
}
SIZES = [*range(140), 160, 320, 767, 16382, 16384, 20001]


@pytest.mark.parametrize("name", CALLS)
def test_results_and_errors(name: str, native: SimpleNamespace, pure: SimpleNamespace) -> None:
    compiled, plain = CALLS[name](native), CALLS[name](pure)
    for size in SIZES:
        data = random.Random(size).randbytes(size)
        assert outcome(compiled, data) == outcome(plain, data)


def test_every_gain(native: SimpleNamespace, pure: SimpleNamespace) -> None:
    data = random.Random(1).randbytes(128)
    for gain_db in (tenth / 10 for tenth in range(-1300, 905)):
        assert outcome(native.pcm.gain, data, gain_db) == outcome(pure.pcm.gain, data, gain_db)


INTO = {
    "gain_into": lambda x: lambda data, out: x.pcm.gain_into(data, out, -3),
    "byteswap_into": lambda x: x.pcm.byteswap_into,
    "mix_into": lambda x: lambda data, out: x.mixing.mix_into([data, data], out),
    "interleave_into": lambda x: lambda data, out: x.interleaving.interleave_into([data, data], out),
}


@pytest.mark.parametrize("name", INTO)
@pytest.mark.parametrize("room", [0, 1, 159, 160, 161, 319, 320, 321, 640])
def test_into(name: str, room: int, native: SimpleNamespace, pure: SimpleNamespace) -> None:
    for size in (0, 1, 160, 161, 320):
        data = random.Random(size).randbytes(size)
        ours, twin = bytearray(room), bytearray(room)
        assert outcome(INTO[name](native), data, ours) == outcome(INTO[name](pure), data, twin)
        assert ours == twin


@pytest.mark.parametrize("from_hz", RATES_HZ)
@pytest.mark.parametrize("to_hz", RATES_HZ)
def test_resamplers_walk_together(from_hz: int, to_hz: int, native: SimpleNamespace, pure: SimpleNamespace) -> None:
    noise = random.Random(from_hz + to_hz)
    compiled, plain = native.resample.Resampler(from_hz, to_hz), pure.resample.Resampler(from_hz, to_hz)
    assert compiled.delay_ms == plain.delay_ms
    for size in (640, 2, 0, 7, 14, 322, 1, 100, 640):
        data = noise.randbytes(size)
        assert outcome(compiled.resample, data) == outcome(plain.resample, data)
        if size in (0, 100):
            assert compiled.flush() == plain.flush()
    assert compiled.flush() == plain.flush()


def test_resamplers_refuse_alike(native: SimpleNamespace, pure: SimpleNamespace) -> None:
    for rates in ((8000, 44100), (None, 8000), ("8000", 8000)):
        assert outcome(native.resample.Resampler, *rates) == outcome(pure.resample.Resampler, *rates)


def test_methods_of_the_resampler(native: SimpleNamespace, pure: SimpleNamespace) -> None:
    for name in ("resample", "flush"):
        ours, twin = getattr(native.resample.Resampler, name), getattr(pure.resample.Resampler, name)
        assert inspect.signature(ours).parameters.keys() == inspect.signature(twin).parameters.keys()
        assert inspect.getdoc(ours) == inspect.getdoc(twin)
        assert "Returns:" in inspect.getdoc(twin)


def test_the_public_module_offers_all_of_it(pure: SimpleNamespace) -> None:
    domains = (pure.pcm, pure.mixing, pure.interleaving, pure.resample)
    assert sorted(name for domain in domains for name in domain.__all__) == pcm.__all__
