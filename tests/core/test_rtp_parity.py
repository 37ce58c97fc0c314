"""The compiled RTP classes and their twins: the same members, and the public module offers all of it."""

import inspect
import random
from types import SimpleNamespace

import pytest

from phonewire import rtp

CLASSES = [("rtp_parse", "RtpPacket"), ("rtp_packetizer", "Packetizer"), ("rtp_tracker", "SequenceTracker")]


def members(cls: type) -> set[str]:
    return {name for name in vars(cls) if not name.startswith("_")}


def parameters(function) -> list[tuple[str, object, object]]:
    return [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()]


@pytest.mark.parametrize(("domain", "name"), CLASSES)
def test_members_and_their_docstrings(domain: str, name: str, native: SimpleNamespace, pure: SimpleNamespace) -> None:
    compiled, plain = getattr(getattr(native, domain), name), getattr(getattr(pure, domain), name)
    assert members(compiled) == members(plain)
    for member in members(plain):
        ours, twin = getattr(compiled, member), getattr(plain, member)
        assert callable(ours) == callable(twin)
        if callable(twin):
            assert parameters(ours) == parameters(twin)
            assert inspect.getdoc(ours) == inspect.getdoc(twin)
        else:
            assert f"{member}: " in inspect.getdoc(plain)


def test_the_public_module_offers_all_of_it(pure: SimpleNamespace) -> None:
    compiled = {name for domain in vars(pure) if domain.startswith("rtp") for name in getattr(pure, domain).__all__}
    assert compiled | {"PacketReason", "ReceptionReport", "is_rtcp"} == set(rtp.__all__)


def test_trackers_go_the_same_way(native: SimpleNamespace, pure: SimpleNamespace) -> None:
    noise = random.Random(3550)
    for _ in range(50):
        ours, twin = native.rtp_tracker.SequenceTracker(), pure.rtp_tracker.SequenceTracker()
        number = timestamp = 0
        for _ in range(100):
            number = (number + noise.choice([1, 1, 1, 1, 2, -1, 0, 2999, 3000, 65436, 65437, 30000])) % 65536
            timestamp = (timestamp + noise.choice([160, 160, 0, 320, 2**31, 480_000])) % 2**32
            arrival = timestamp + noise.randrange(-(10**6), 10**6)
            for tracker in (ours, twin):
                if tracker.update(number):
                    tracker.update_jitter(timestamp, arrival)
            for member in members(type(twin)) - {"update", "update_jitter", "report"}:
                assert getattr(ours, member) == getattr(twin, member)
            if noise.random() < 0.1:
                assert ours.report() == twin.report()


def test_packetizers_go_the_same_way(native: SimpleNamespace, pure: SimpleNamespace) -> None:
    noise = random.Random(3551)
    for _ in range(20):
        options = {
            "ssrc": noise.getrandbits(32), "sequence_number": noise.getrandbits(16), "timestamp": noise.getrandbits(32),
            "samples_per_packet": noise.choice([80, 160, 2**32 - 1]), "payload_size": noise.choice([1, 80, 160, 320]),
        }  # fmt: skip
        ours, twin = (x.rtp_packetizer.Packetizer(8, **options) for x in (native, pure))
        for _ in range(30):
            audio = noise.randbytes(noise.choice([0, 1, 79, 160, 500]))
            assert ours.packetize(audio) == twin.packetize(audio)
            if noise.random() < 0.3:
                assert ours.flush() == twin.flush()
                samples = noise.getrandbits(32)
                ours.skip(samples)
                twin.skip(samples)
            assert (ours.sequence_number, ours.timestamp) == (twin.sequence_number, twin.timestamp)


HEADER = {"payload_type": 0, "sequence_number": 1, "timestamp": 2, "ssrc": 3}
CHANGES = [
    {}, {"marker": 1}, {"marker": []}, {"csrcs": [5]}, {"csrcs": range(15)}, {"csrcs": range(16)}, {"csrcs": [-1]},
    {"csrcs": 5}, {"extension_profile": 0}, {"extension_profile": 1, "extension": bytearray(8)}, {"extension": b"5"},
    {"extension_profile": 65536}, {"extension_profile": -1}, {"extension_profile": 0, "extension": b"123"},
    {"payload_type": 128}, {"sequence_number": -1}, {"timestamp": 2**32}, {"timestamp": 2**200}, {"ssrc": -(2**200)},
    {"ssrc": True}, {"ssrc": 2.0}, {"ssrc": "3"}, {"payload_type": 200, "csrcs": 5}, {"nothing": 5},
]  # fmt: skip
PAYLOADS = {
    "empty": b"", "bytes": b"audio", "bytearray": bytearray(160), "strided": memoryview(b"012345")[::2], "None": None,
}  # fmt: skip


def outcome(function, *arguments, **options) -> object:
    try:
        return function(*arguments, **options)
    except Exception as error:
        # The words of a TypeError are often the interpreter's.
        return type(error), "" if type(error) is TypeError else str(error), vars(error)


@pytest.mark.parametrize("change", CHANGES, ids=str)
@pytest.mark.parametrize("kind", PAYLOADS)
def test_packets_and_errors(change: dict, kind: str, native: SimpleNamespace, pure: SimpleNamespace) -> None:
    options, payload = HEADER | change, PAYLOADS[kind]
    assert outcome(native.rtp_pack.pack, payload, **options) == outcome(pure.rtp_pack.pack, payload, **options)
    for room in (0, 16, 17, 300):
        ours, twin = bytearray(room), bytearray(room)
        assert outcome(native.rtp_pack.pack_into, ours, payload, **options) == outcome(
            pure.rtp_pack.pack_into, twin, payload, **options
        )
        assert ours == twin
