"""The compiled core and its twin: the same names, signatures, docstrings, results and errors."""

import inspect
import random
from types import SimpleNamespace

import pytest

from phonewire import b64, g711
from tests.core.domains import DOMAINS


def parameters(function) -> list[tuple[str, object, object]]:
    return [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()]


@pytest.mark.parametrize("domain", DOMAINS)
def test_names_signatures_and_docstrings(domain: str, native: SimpleNamespace, pure: SimpleNamespace) -> None:
    compiled, plain = getattr(native, domain), getattr(pure, domain)
    assert compiled.__all__ == plain.__all__
    for name in plain.__all__:
        ours, twin = getattr(compiled, name), getattr(plain, name)
        assert parameters(ours) == parameters(twin)
        assert inspect.getdoc(ours) == inspect.getdoc(twin)
        assert "Returns:" in inspect.getdoc(twin) or isinstance(twin, type)


def test_methods(native: SimpleNamespace, pure: SimpleNamespace) -> None:
    methods = {"frame": ("payload", "MessageFramer"), "frames": ("payload", "MessageFramer"),
               "scan": ("scanner", "MessageScanner")}  # fmt: skip
    for name, (domain, owner) in methods.items():
        ours, twin = (getattr(getattr(getattr(side, domain), owner), name) for side in (native, pure))
        assert parameters(ours) == parameters(twin)
        assert inspect.getdoc(ours) == inspect.getdoc(twin)


def test_the_public_modules_offer_all_of_it(pure: SimpleNamespace) -> None:
    assert set(pure.g711.__all__) | {"ALAW_SILENCE", "ULAW_SILENCE"} == set(g711.__all__)
    text = {*pure.b64.__all__, *pure.payload.__all__, *pure.scanner.__all__}
    assert text - {"EventScanner"} | {"chunks"} == set(b64.__all__), "protocols alone make events"


def outcome(function, *arguments, **options) -> object:
    try:
        return function(*arguments, **options)
    except Exception as error:
        return type(error), str(error), vars(error)


def framed(payload, codec: str | None):
    return lambda audio: payload.MessageFramer(b"{", b"}", codec=codec).frame(audio)


CALLS = {
    "ulaw_encode": lambda x: x.g711.ulaw_encode,
    "ulaw_encode_audioop": lambda x: lambda samples: x.g711.ulaw_encode(samples, compat="audioop"),
    "alaw_encode": lambda x: x.g711.alaw_encode,
    "ulaw_decode": lambda x: x.g711.ulaw_decode,
    "alaw_decode": lambda x: x.g711.alaw_decode,
    "ulaw_to_alaw": lambda x: x.g711.ulaw_to_alaw,
    "alaw_to_ulaw": lambda x: x.g711.alaw_to_ulaw,
    "split_stereo": lambda x: x.g711.split_stereo,
    "encode": lambda x: x.b64.encode,
    "decode": lambda x: x.b64.decode,
    "decoded_size": lambda x: x.b64.decoded_size,
    "encoded_size": lambda x: lambda data: x.b64.encoded_size(len(data)),
    "decode_ulaw": lambda x: x.payload.decode_ulaw,
    "decode_alaw": lambda x: x.payload.decode_alaw,
    "frame_ulaw": lambda x: framed(x.payload, "ulaw"),
    "frame_alaw": lambda x: framed(x.payload, "alaw"),
    "frame": lambda x: framed(x.payload, None),
    "frames": lambda x: lambda audio: x.payload.MessageFramer(b"{", b"}").frames(audio, 34),
}


@pytest.mark.parametrize("name", CALLS)
def test_results_and_errors(name: str, native: SimpleNamespace, pure: SimpleNamespace) -> None:
    compiled, plain = CALLS[name](native), CALLS[name](pure)
    noise = random.Random(name)
    for size in [*range(140), 160, 320, 767, 1023, 4096, 4097, 16384, 20001]:
        data = noise.randbytes(size)
        assert outcome(compiled, data) == outcome(plain, data)
        text = pure.b64.encode(data)
        assert outcome(compiled, text) == outcome(plain, text)
        if text:
            position = noise.randrange(len(text))
            text = text[:position] + noise.randbytes(1) + text[position + 1 :]
            assert outcome(compiled, text) == outcome(plain, text)


@pytest.mark.parametrize("name", [name for name in g711.__all__ if name.endswith("_into")])
@pytest.mark.parametrize("room", [0, 1, 159, 160, 161, 319, 320, 321, 640])
def test_into(name: str, room: int, native: SimpleNamespace, pure: SimpleNamespace) -> None:
    for size in (0, 1, 160, 161, 320):
        data = random.Random(size).randbytes(size)
        ours, twin = bytearray(room), bytearray(room)
        assert outcome(getattr(native.g711, name), data, ours) == outcome(getattr(pure.g711, name), data, twin)
        assert ours == twin


def test_every_pair_of_first_octets_decodes_alike(native: SimpleNamespace, pure: SimpleNamespace) -> None:
    # A sample of the 2^24 groups that the C driver tries: 256 first octets, 8 second, 8 third.
    groups = bytes(
        octet for first in range(256) for second in range(0, 256, 32) for third in range(3, 256, 32)
        for octet in (first, second, third)
    )  # fmt: skip
    text = native.b64.encode(groups)
    assert text == pure.b64.encode(groups)
    assert native.b64.decode(text) == pure.b64.decode(text) == groups
