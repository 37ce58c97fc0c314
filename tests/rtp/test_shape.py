"""Whatever rides in a packet has the same shape: parse raises PacketError with a reason of its own, pack undoes it."""

import importlib
import inspect
from pathlib import Path

import pytest

from phonewire import rtp
from phonewire.errors import PacketError
from phonewire.rtp import PacketReason

# module -> its reason, bytes that it refuses, and how to read them.
FORMATS = {
    "header_extension": (PacketReason.BAD_EXTENSION_ELEMENT, b"\x1f\0\0\0", lambda parse, data: parse(0xBEDE, data)),
    "audio_level": (PacketReason.BAD_AUDIO_LEVEL, b"", lambda parse, data: parse(data)),
    "telephone_event": (PacketReason.BAD_TELEPHONE_EVENT, b"\x05", lambda parse, data: parse(data)),
    "comfort_noise": (PacketReason.BAD_COMFORT_NOISE, b"\xff", lambda parse, data: parse(data)),
    "red": (PacketReason.BAD_REDUNDANCY, b"\x80", lambda parse, data: parse(data, timestamp=0)),
}


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_has_parse_and_pack(name: str) -> None:
    module = importlib.import_module(f"phonewire.rtp.{name}")
    assert {"parse", "pack"} <= set(module.__all__)
    for function in (module.parse, module.pack):
        assert "RFC" in inspect.getdoc(function)
        assert "Raises:" in inspect.getdoc(function)


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_says_its_own_reason(name: str) -> None:
    reason, data, read = FORMATS[name]
    with pytest.raises(PacketError) as caught:
        read(importlib.import_module(f"phonewire.rtp.{name}").parse, data)
    assert caught.value.reason is reason


def test_each_reason_is_somebodys() -> None:
    of_formats = {reason for reason, _, _ in FORMATS.values()}
    assert len(of_formats) == len(FORMATS)
    assert set(PacketReason) - of_formats == {PacketReason(number) for number in range(6)}


def test_every_file_is_covered() -> None:
    files = {path.stem for path in Path(rtp.__file__).parent.glob("*.py")}
    assert files == {*FORMATS, "__init__", "demux", "event_sender", "event_receiver"}
