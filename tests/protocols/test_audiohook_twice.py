"""What comes twice, or when it means nothing any more, and what an engine is asked in other words."""

import pytest

from phonewire.errors import LocalProtocolError
from phonewire.protocols import audiohook as ah
from phonewire.protocols.connection import Goodbye
from tests.protocols.audiohook_pair import OPEN, OPENING, PROBE, Pair, answer, kinds, message, said


def test_a_session_is_opened_once():
    client = Pair(open_it=False).client
    client.send(OPEN)
    with pytest.raises(LocalProtocolError, match="opened once"):
        client.send(OPEN)


def test_a_second_open_breaks_the_protocol_after_a_probe_too():
    pair = Pair(opening=PROBE)
    (event,) = pair.server.receive(message("open", OPENING, seq=2, heard=1), text=True)
    assert (event.reason, event.detail) == (ah.RejectReason.OUT_OF_ORDER, "a second open")
    assert kinds(said(pair.server)) == ["disconnect"]


def test_who_was_not_paused_is_not_resumed():
    pair = Pair()
    pair.client.send_payload(bytes(1600))
    pair.pump()
    pair.server.send(ah.Resume())
    assert pair.pump() == ([ah.Resume()], [])
    assert (pair.client.paused, pair.client.position.us) == (False, 100_000)


def test_a_second_disconnect_leaves_the_reason_of_the_first():
    client = Pair().client
    client.receive(answer("disconnect", {"reason": "completed"}, seq=2), text=True)
    client.receive(answer("disconnect", {"reason": "error"}, seq=3), text=True)
    assert client.end_reason is ah.EndReason.COMPLETED


def test_media_is_sent_as_its_payload_is():
    pair = Pair()
    pair.client.send(ah.Media(bytes(1600)))
    _, heard = pair.pump()
    assert [bytes(event.payload) for event in heard] == [bytes(800), bytes(800)]


@pytest.mark.parametrize(("reason", "told"), [("completed", "end"), ("error", "error")])
def test_a_clients_goodbye_is_a_close(reason, told):
    pair = Pair()
    pair.client.close(Goodbye(reason=reason))
    _, heard = pair.pump()
    assert heard[0] == ah.Close(told)
