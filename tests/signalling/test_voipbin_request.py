"""The create-call request against the tutorial's own JSON, and what is refused."""

import json
import uuid

import pytest

from phonewire.voipbin_request import ANSWER, Address, create_call, media_host, media_url

# Copied from the tutorial, "Uni-Directional Streaming with Flow Action".
TUTORIAL = """{ "source": { "type": "tel", "target": "+15551234567" },
    "destinations": [ { "type": "tel", "target": "+15559876543" } ],
    "actions": [ { "type": "answer" }, { "type": "external_media_start", "option": {
        "url": "wss://your-media-server.com/audio-stream", "encapsulation": "audiosocket" } } ] }"""
URL = "wss://your-media-server.com/audio-stream"


def option(action):
    return json.loads(create_call("+15551234567", ["+15559876543"], [action]).body())["actions"][0]["option"]


def test_the_tutorials_request():
    call = create_call("+15551234567", ["+15559876543"], [ANSWER, media_url(URL)])
    assert json.loads(call.body()) == json.loads(TUTORIAL)
    post = call.post("secret-token")
    assert (post.url, post.body) == ("https://api.voipbin.net/v1.0/calls", call.body())
    assert post.headers == {"Authorization": "Bearer secret-token", "Content-Type": "application/json"}
    assert "secret-token" not in repr(post)


@pytest.mark.parametrize("encapsulation", ["rtp", "sln", "audiosocket"])
def test_the_tutorials_option(encapsulation):
    url = "wss://media.example.com:8443/external_media/42?token=abc"
    assert option(media_url(url, encapsulation=encapsulation)) == {"url": url, "encapsulation": encapsulation}


def test_the_deployed_option_has_the_fields_of_its_source():
    assert option(media_host("media.example.com:9092")) == {
        "external_host": "media.example.com:9092",
        "encapsulation": "audiosocket",
        "transport": "tcp",
        "connection_type": "client",
        "format": "slin",
    }
    data = str(uuid.uuid4())
    everything = option(media_host("[2001:db8::1]:9092", audio_format="slin16", direction_speak="both", data=data))
    assert everything["format"] == "slin16"
    assert everything["direction_speak"] == "both"
    assert everything["data"] == data
    assert "direction_listen" not in everything
    rtp = option(media_host("192.0.2.1:4000", encapsulation="rtp", direction_listen="in"))
    assert (rtp["transport"], rtp["format"], rtp["direction_listen"]) == ("udp", "ulaw", "in")
    assert option(media_host("h:1", encapsulation="none"))["transport"] == "websocket"


@pytest.mark.parametrize(
    ("text", "type_", "target"),
    [
        ("+15551234567", "tel", "+15551234567"),
        ("+999123456789012", "tel", "+999123456789012"),
        ("alice@example.com", "sip", "alice@example.com"),
        ("sip:alice@192.0.2.1:5060", "sip", "alice@192.0.2.1:5060"),
        ("1000@[2001:db8::1]", "sip", "1000@[2001:db8::1]"),
    ],
)
def test_addresses(text, type_, target):
    assert Address.of(text) == Address(type_, target)


@pytest.mark.parametrize(
    "text",
    ["", "+", "+1", "15551234567", "+05551234567", "+1 555 123 4567", "+1234567890123456", "+1555123456\u0667",
     "alice", "@example.com", "a@", "a@b@c", "a b@c", "sip:", "sips:a@b.c", "a@b_c", "a@-b", "a@b:0", "a@b:65536",
     "a@[::1", "a@::1", "+15551234567\n"],
)  # fmt: skip
def test_no_addresses(text):
    with pytest.raises(ValueError, match=r"an address is|a host is|a port is"):
        create_call(text, ["+15559876543"], [ANSWER])
    with pytest.raises(ValueError, match=r"an address is|a host is|a port is"):
        create_call("+15559876543", [text], [ANSWER])


@pytest.mark.parametrize(
    "url",
    ["", "ws://a.b/x", "http://a.b", "wss://", "wss:///x", "wss://a b/", "wss://a.b/#x", "wss://u:p@a.b/", "wss://a:0/",
     "wss://a:99999/", "wss://a_b/", "wss://[::1/", "wss://a.b/\u00e9", "//a.b"],
)  # fmt: skip
def test_no_urls(url):
    with pytest.raises(ValueError, match="the URL is wss://, a host"):
        media_url(url + "?token=canary" if url else url)


def test_a_url_that_is_refused_is_not_repeated():
    with pytest.raises(ValueError, match="the URL is") as refused:
        media_url("ws://a.b/x?token=canary")
    assert "canary" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert media_url("ws://127.0.0.1:8080/x", allow_insecure=True).type == "external_media_start"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"host": "media.example.com"}, "needs a port"),
        ({"host": "h:0"}, "a port is 1 to 65535, got 0"),
        ({"host": "h:70000"}, "a port is 1 to 65535, got 70000"),
        ({"host": "::1:9092"}, "a host is"),
        ({"host": "[::g]:9092"}, "a host is"),
        ({"host": "tcp://h:1"}, "a host is"),
        ({"host": "h:1", "encapsulation": "sln"}, "encapsulation is one of audiosocket, rtp, none"),
        ({"host": "h:1", "audio_format": "ulaw"}, "format is one of slin"),
        ({"host": "h:1", "encapsulation": "rtp", "audio_format": "opus"}, "format is one of ulaw"),
        ({"host": "h:1", "direction_speak": "up"}, "direction_speak is one of"),
        ({"host": "h:1", "data": "no uuid"}, "UUID"),
    ],
)
def test_no_hosts(arguments, message):
    with pytest.raises(ValueError, match=message):
        media_host(**arguments)


def test_nobody_to_call_nothing_to_do_and_no_token():
    for destinations, actions in (([], [ANSWER]), (["+15559876543"], [])):
        with pytest.raises(ValueError, match="needs a destination and an action"):
            create_call("+15551234567", destinations, actions)
    with pytest.raises(ValueError, match="encapsulation is one of rtp, sln, audiosocket, got 'opus'"):
        media_url(URL, encapsulation="opus")
    for token in ("", "a b", "a\r\nX: y"):
        with pytest.raises(ValueError, match="a token is"):
            create_call("+15551234567", "+15559876543", [ANSWER]).post(token)
