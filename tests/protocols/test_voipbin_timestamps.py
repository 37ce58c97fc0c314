"""Timestamps of RTP that count bytes come out counting samples; those that count samples stay as they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonewire import rtp
from phonewire.protocols.voipbin import AUTO, DEPLOYED, DOCUMENTED, TUTORIAL, Connection, RtpMedia, Side


def heard(connection, order, step, size, first=(65530, 2**32 - 1000), payload_type=96, ssrc=7):
    """Return what comes of packets number *order* of a stream, whose timestamps grow by *step*."""
    events = []
    for n in order:
        data = rtp.pack(
            bytes(size),
            payload_type=payload_type,
            sequence_number=first[0] + n & 0xFFFF,
            timestamp=first[1] + n * step & 0xFFFFFFFF,
            ssrc=ssrc,
        )
        events += [event for event in connection.receive(data, text=False) if isinstance(event, RtpMedia)]
    return [event.timestamp for event in events]


def grid(order, first=2**32 - 1000):
    return [first + n * 160 & 0xFFFFFFFF for n in order]


@pytest.mark.parametrize("dialect", [AUTO, DOCUMENTED])
@pytest.mark.parametrize("side", Side)
@given(order=st.permutations(range(40)), lost=st.sets(st.integers(1, 39)))
def test_bytes_of_samples_are_counted_as_samples(dialect, side, order, lost):
    # Loss, and each packet overtaken by a few; the first two that come stand in their order.
    order = sorted(
        (n for n in range(40) if n not in lost), key=lambda n: n // 4 * 4 + order.index(n) % 4 if n > 7 else n
    )
    assert heard(Connection(side, dialect=dialect), order, 320, 320) == grid(order)


@pytest.mark.parametrize("dialect", [AUTO, DOCUMENTED])
@given(order=st.lists(st.integers(0, 3000), min_size=2, max_size=20))
def test_samples_stay_as_they_are(dialect, order):
    # Who is known to count bytes is believed to until he is seen to count samples.
    order = [0, 1, *order]
    stamps = heard(Connection(Side.SERVER, dialect=dialect), order, 160, 320)
    assert stamps == grid(order)


@pytest.mark.parametrize("dialect", [DEPLOYED, TUTORIAL])
def test_codewords_are_samples_and_bytes(dialect):
    client = Connection(Side.CLIENT, dialect=dialect)
    assert heard(client, [0, 1, 3, 2, 9], 160, 160, payload_type=dialect.payload_type) == grid([0, 1, 3, 2, 9])


def test_what_a_peer_counts_is_believed_before_it_was_seen_where_the_dialect_says_it():
    order = [0, 5000, 5001]  # a step too large to be loss shows nothing
    assert heard(Connection(Side.CLIENT, dialect=DOCUMENTED), order, 320, 320) == grid(order)
    assert heard(Connection(Side.CLIENT, dialect=AUTO), order, 320, 320) != grid(order)


def test_another_source_begins_anew():
    client = Connection(Side.CLIENT, dialect=DOCUMENTED)
    assert heard(client, [0, 1], 320, 320) == grid([0, 1])
    assert heard(client, [0, 1], 320, 320, first=(5, 77), ssrc=8) == grid([0, 1], 77)


def test_our_server_and_client_agree():
    for dialect in (DOCUMENTED, DEPLOYED, TUTORIAL):
        for hears in (dialect, AUTO):
            server, client = Connection(Side.SERVER, dialect=dialect), Connection(Side.CLIENT, dialect=hears)
            server.connected(0)
            server.send_audio(bytes(3200))
            events = [event for data, text in server.data_to_send() for event in client.receive(data, text=text)]
            stamps = [event.timestamp for event in events if isinstance(event, RtpMedia)]
            assert [stamp - stamps[0] for stamp in stamps] == [160 * n for n in range(10)]
