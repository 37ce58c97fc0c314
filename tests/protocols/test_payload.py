"""Payloads to samples and back, for every encoding and both byte orders of machines."""

import struct
import sys
from array import array
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonewire._typing import Encoding
from phonewire.errors import CodecError
from phonewire.protocols import twilio
from phonewire.protocols.payload import DECODERS, decoder, encoder, transcoder, whole_samples
from phonewire.protocols.twilio import Connection, MediaFormat, Side

SAMPLES = [0, 1, -2, 256, 32767, -32768]
sample_lists = st.lists(st.integers(-32768, 32767), min_size=1, max_size=50)


@pytest.mark.parametrize("wire", ["s16le", "s16be"])
@pytest.mark.parametrize("machine", ["little", "big"])
def test_linear_samples_are_copied_or_swapped(wire, machine):
    on_wire = struct.pack(f"{'<' if wire == 's16le' else '>'}{len(SAMPLES)}h", *SAMPLES)
    in_memory = struct.pack(f"{'<' if machine == 'little' else '>'}{len(SAMPLES)}h", *SAMPLES)
    assert decoder(wire, machine)(on_wire) == in_memory
    assert encoder(wire, machine)(in_memory) == on_wire


@given(samples=sample_lists)
def test_on_this_machine_an_array_of_h_holds_the_samples(samples):
    assert array("h", DECODERS["s16le"](struct.pack(f"<{len(samples)}h", *samples))).tolist() == samples
    assert encoder("s16be")(array("h", samples)) == struct.pack(f">{len(samples)}h", *samples)


@pytest.mark.parametrize(
    ("encoding", "codeword", "sample"),
    [("ulaw", 0xFF, 0), ("ulaw", 0x00, -32124), ("alaw", 0xD5, 8), ("alaw", 0x2A, -32256)],
)
def test_companded_codewords(encoding, codeword, sample):
    assert array("h", DECODERS[encoding](bytes([codeword]))).tolist() == [sample]
    assert encoder(encoding)(array("h", [sample])) == bytes([codeword])


@given(payload=st.binary(max_size=60).filter(lambda payload: len(payload) % 2 == 0))
@pytest.mark.parametrize("machine", ["little", "big"])
def test_any_encoding_into_any(machine, payload):
    for source in get_args(Encoding):
        for target in get_args(Encoding):
            convert = transcoder(source, target, machine)
            expected = payload if source == target else encoder(target, machine)(decoder(source, machine)(payload))
            for given_as in (payload, memoryview(payload)):
                assert convert(given_as) == expected
                assert type(convert(given_as)) is bytes


def test_every_encoding_has_a_decoder():
    assert sorted(DECODERS) == sorted(get_args(Encoding))


@pytest.mark.parametrize("make", [decoder, encoder])
@pytest.mark.parametrize("encoding", ["L16", "s16", "", "ulaw "])
def test_refuses_other_encodings(make, encoding):
    with pytest.raises(ValueError, match="encoding is one of ulaw, alaw, s16le and s16be, got"):
        make(encoding)


def test_refuses_other_buffers():
    for wrong in (array("f", [0.5]), array("i", [1]), array("H", [1])):
        with pytest.raises(TypeError, match="native 16-bit"):
            whole_samples(wrong)
    with pytest.raises(CodecError, match="even number of bytes, got 3"):
        whole_samples(b"abc")


@given(samples=sample_lists, rate=st.sampled_from([8000, 16000]), encoding=st.sampled_from(["ulaw", "alaw", "s16le"]))
def test_das_peak_carries_the_formats_of_its_settings(samples, rate, encoding):
    media_format = MediaFormat(encoding, rate)
    client = Connection(Side.CLIENT, dialect=twilio.DAS_PEAK, media_format=media_format)
    server = Connection(Side.SERVER, dialect=twilio.DAS_PEAK, media_format=media_format)
    client.send(twilio.Start("call"))
    audio = array("h", samples)
    client.send_audio(audio)
    client.send_payload(encoder(encoding)(audio))
    (start,), (first,), (second,) = [server.receive(data, text=text) for data, text in client.data_to_send()]
    assert start.media_format == media_format
    assert first == second
    assert first.payload == encoder(encoding)(audio)
    assert first.pcm == decoder(encoding)(first.payload)
    if encoding == "s16le":
        assert array("h", first.pcm) == audio


@pytest.mark.parametrize("encoding", ["ulaw", "alaw", "s16le", "s16be"])
@pytest.mark.parametrize("rate", [8000, 16000])
def test_twilios_client_names_its_format_and_counts_in_it(encoding, rate):
    media_format = MediaFormat(encoding, rate)
    client = Connection(Side.CLIENT, media_format=media_format)
    server = Connection(Side.SERVER, media_format=media_format)
    other = Connection(Side.SERVER, media_format=MediaFormat(encoding, rate + 1))
    client.send(twilio.Connected())
    client.send(twilio.Start("CA1", "MZ1"))
    for _ in range(3):
        client.send_audio(bytes(rate // 50 * 2))
    sent = [data for data, _ in client.data_to_send()]
    media = [server.receive(data, text=True)[0] for data in sent][2:]
    assert [event.timestamp_ms for event in media] == [0, 20, 40]
    assert [len(event.pcm) for event in media] == [rate // 50 * 2] * 3
    assert other.receive(sent[1], text=True)[0].reason is twilio.RejectReason.BAD_FIELD


def test_this_machines_byte_order_is_the_default():
    assert decoder("s16le")(b"\1\2") == decoder("s16le", sys.byteorder)(b"\1\2")


@pytest.mark.parametrize(
    ("media_format", "group_bytes", "bytes_per_ms"),
    [
        (MediaFormat(), 1, 8),
        (MediaFormat("alaw", 16000), 1, 16),
        (MediaFormat("s16le", 8000), 2, 16),
        (MediaFormat("s16be", 16000, 2), 4, 64),
    ],
)
def test_sizes_of_a_format(media_format, group_bytes, bytes_per_ms):
    assert (media_format.group_bytes, media_format.bytes_per_ms) == (group_bytes, bytes_per_ms)
