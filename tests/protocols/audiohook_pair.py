"""Two engines of AudioHook that talk to each other, and messages as somebody else would write them."""

import json

from phonewire.protocols import audiohook as ah

SESSION = "e160e428-53e2-487c-977d-96989bf5c99d"
ORGANIZATION = "d7934305-0972-4844-938e-9060eef73d05"
CONVERSATION = "090eaa2f-72fa-480a-83e0-8667ff89c0ec"
PARTICIPANT = ah.Participant("883efee8-3d6c-4537-b500-6d7ca4b92fa0", "+1-555-555-1234", "John Doe", "+1-800-555-6789")
STEREO = ah.MediaOffer(channels=("external", "internal"))
CUSTOMER = ah.MediaOffer(channels=("external",))
AGENT = ah.MediaOffer(channels=("internal",))
OPEN = ah.Open(
    organization_id=ORGANIZATION,
    conversation_id=CONVERSATION,
    participant=PARTICIPANT,
    media=(STEREO, CUSTOMER, AGENT),
    language="en-US",
)
PROBE = ah.Open(
    organization_id=ORGANIZATION,
    conversation_id=ah.NIL_UUID,
    participant=ah.Participant(),
    media=(STEREO,),
)


def message(kind, parameters=None, seq=1, heard=0, **changes):
    """Return a message as Genesys' client writes it."""
    envelope = {"version": "2", "id": SESSION, "type": kind, "seq": seq, "serverseq": heard, "position": "PT0S"}
    return json.dumps(envelope | {"parameters": {} if parameters is None else parameters} | changes).encode()


def answer(kind, parameters=None, seq=1, heard=1, **changes):
    """Return a message as a server writes it."""
    envelope = {"version": "2", "id": SESSION, "type": kind, "seq": seq, "clientseq": heard}
    return json.dumps(envelope | {"parameters": {} if parameters is None else parameters} | changes).encode()


def said(connection):
    """Return what goes out: audio as bytes, messages as objects."""
    return [json.loads(data) if text else data for data, text in connection.data_to_send()]


def kinds(messages):
    return [one if isinstance(one, bytes) else one["type"] for one in messages]


OFFERS = [{"type": "audio", "format": "PCMU", "channels": ["external", "internal"], "rate": 8000}]
OPENING = {
    "organizationId": ORGANIZATION,
    "conversationId": CONVERSATION,
    "participant": {"id": "883efee8-3d6c-4537-b500-6d7ca4b92fa0", "ani": "+1-555", "aniName": "J", "dnis": "+1-800"},
    "media": [*OFFERS, {"type": "audio", "format": "PCMU", "channels": ["external"], "rate": 8000}],
    "language": "en-US",
}


def opened_server(**options):
    server = ah.Connection(ah.Side.SERVER, **options)
    (event,) = server.receive(message("open", OPENING), text=True)
    assert isinstance(event, ah.Open)
    said(server)
    return server


class Pair:
    """A client and a server, and all that each has heard."""

    def __init__(self, dialect=ah.MONITOR, opening=OPEN, open_it=True, **options):
        self.client = ah.Connection(ah.Side.CLIENT, dialect=dialect, session_id=SESSION)
        self.server = ah.Connection(ah.Side.SERVER, dialect=dialect, **options)
        self.now_ns = 0
        self.heard = {self.client: [], self.server: []}
        self.wire = []
        for one in (self.client, self.server):
            one.connected(0)
        if open_it:
            self.client.send(opening)
            self.pump()

    def pump(self):
        """Carry messages until nobody has any, and return what was heard meanwhile: the client's, the server's."""
        before = {one: len(events) for one, events in self.heard.items()}
        while self._carry(self.client, self.server) | self._carry(self.server, self.client):
            pass
        return tuple(events[before[one] :] for one, events in self.heard.items())

    def _carry(self, source, target):
        pairs = source.data_to_send()
        for data, text in pairs:
            self.wire.append((source.side, data, text))
            self.heard[target] += target.receive(data, text=text, now_ns=self.now_ns)
        return bool(pairs)

    def pass_time(self, seconds):
        """Let time pass, with every timer in it."""
        end_ns = self.now_ns + round(seconds * 1e9)
        while (due_ns := self.client.next_deadline_ns()) is not None and due_ns <= end_ns:
            self.now_ns = max(self.now_ns, due_ns)
            self.client.handle_timeout(self.now_ns)
            self.pump()
        self.now_ns = end_ns
