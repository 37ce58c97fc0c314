"""The emulators read and write the wire by themselves: where they and the engines do not agree, one is wrong."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonewire import g711, rtp
from phonewire.emulators.asterisk_frames import AsteriskFrames, BadFrameError, audio_kind, frame, sample_rate_hz
from phonewire.emulators.voipbin_gateway import WIRES, Gateway, rtp_payload
from phonewire.errors import PacketError
from phonewire.protocols import audiosocket, voipbin
from phonewire.protocols.connection import Media, Side

ENCAPSULATIONS = list(voipbin.Encapsulation)
samples = st.binary(min_size=1, max_size=700).map(lambda half: half * 2)
headers = st.builds(
    lambda first, rest: bytes([0x80 | first]) + rest, st.integers(0, 0x3F), st.binary(min_size=1, max_size=120)
)


@given(packet=headers)
def test_rtp_is_cut_off_at_the_same_place(packet):
    try:
        expected = bytes(rtp.parse(packet).payload)
    except PacketError:
        expected = None
    assert rtp_payload(packet) == expected


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("encapsulation", ENCAPSULATIONS)
@given(audio=samples)
def test_what_the_engines_client_says_is_what_the_gateways_phone_hears(wire, encapsulation, audio):
    client = voipbin.Connection(Side.CLIENT, dialect=voipbin.DIALECTS[wire], encapsulation=encapsulation)
    client.connected(0)
    client.handle_timeout(10**9)
    client.send_audio(audio)
    dropped = Counter()
    gateway = Gateway(encapsulation, WIRES[wire], dropped)
    messages = [data for data, _ in client.data_to_send()]
    heard = [each for data in messages for each in gateway.to_phone(data, WIRES[wire].payload_type)]
    coded = encapsulation in WIRES[wire].ulaw_to_server
    assert b"".join(heard) == (g711.ulaw_decode(g711.ulaw_encode(audio)) if coded else audio)
    assert [len(each) for each in heard[:-1]] == [320] * (len(heard) - 1)
    assert not dropped


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("encapsulation", ENCAPSULATIONS)
@given(frames=st.lists(st.binary(min_size=320, max_size=320), min_size=1, max_size=5))
def test_what_the_gateway_says_is_what_the_engines_client_hears(wire, encapsulation, frames):
    gateway = Gateway(encapsulation, WIRES[wire], Counter())
    messages = [gateway.to_client(each, WIRES[wire].payload_type) for each in frames]
    server = voipbin.Connection(Side.SERVER, dialect=voipbin.DIALECTS[wire], encapsulation=encapsulation)
    server.connected(0)
    for each in frames:
        server.send_audio(each)
    assert messages == [data for data, _ in server.data_to_send()], "as our own server has it, to the byte"
    client = voipbin.Connection(Side.CLIENT, dialect=voipbin.DIALECTS[wire], encapsulation=encapsulation)
    heard = [event.pcm for data in messages for event in client.receive(data, text=False) if isinstance(event, Media)]
    coded = encapsulation in WIRES[wire].ulaw_to_client
    assert heard == [g711.ulaw_decode(g711.ulaw_encode(each)) if coded else each for each in frames]


@pytest.mark.parametrize("media_format", audiosocket.FORMATS.values(), ids=lambda form: str(form.sample_rate_hz))
@given(audio=samples)
def test_the_frames_of_the_engines_server_are_asterisks(media_format, audio):
    server = audiosocket.Connection(Side.SERVER, media_format=media_format)
    server.receive(frame(0x01, bytes(16)), text=False)
    server.send_audio(audio)
    server.close()
    stream = b"".join(data for data, _ in server.data_to_send())
    kind = audio_kind(media_format.sample_rate_hz)
    assert list(AsteriskFrames().read(stream)) == [(kind, audio), (0x00, b"")]
    assert sample_rate_hz(kind) == media_format.sample_rate_hz


streams = st.lists(
    st.builds(frame, st.sampled_from([0x10, 0x10, 0x10, 0x12, 0x00, 0x03, 0x77]), st.binary(max_size=6))
    | st.binary(max_size=3)
).map(b"".join)


@given(stream=streams, cut=st.integers(0, 60))
def test_asterisk_takes_nothing_that_the_engine_would_not(stream, cut):
    """Where Asterisk hangs up for a frame, a client's engine skips it, and the other way round."""
    client = audiosocket.Connection(Side.CLIENT)
    client.send(audiosocket.Start("5f0c1b3e-9a4d-4e7f-8b21-001122334455"))
    reader, audio, over = AsteriskFrames(), [], False
    try:
        for piece in (stream[:cut], stream[cut:]):
            for kind, payload in reader.read(piece):
                over = over or kind == 0x00
                if kind == 0x10 and len(payload) % 2 == 0 and not over:
                    audio.append(payload)
    except BadFrameError:
        over = True
    heard = [event.payload for event in client.receive(stream, text=False) if isinstance(event, Media)]
    assert (heard[: len(audio)] if over else heard) == audio
