"""TwiML, parsed back by the standard library's XML parser."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from phonewire.twiml import connect_stream, start_stream

URL = "wss://example.com:8443/twilio"
BUILDERS = [connect_stream, start_stream]


def stream_of(document, verb):
    """Return the <Stream> of a document, having checked all that is around it."""
    response = ET.fromstring(document.encode("utf-8"))
    assert (response.tag, response.attrib, len(response)) == ("Response", {}, 1)
    assert (response[0].tag, response[0].attrib, len(response[0])) == (verb, {}, 1)
    assert response[0][0].tag == "Stream"
    return response[0][0]


def test_connect():
    document = connect_stream(URL, parameters={"agent": "7", "greeting": 'Say "hi" & <bye>'})
    assert document == (
        '<?xml version="1.0" encoding="UTF-8"?><Response><Connect><Stream url="wss://example.com:8443/twilio">'
        '<Parameter name="agent" value="7" />'
        '<Parameter name="greeting" value="Say &quot;hi&quot; &amp; &lt;bye&gt;" />'
        "</Stream></Connect></Response>"
    )


def test_start_with_everything():
    document = start_stream(
        URL,
        parameters={"a": ""},
        name="tap",
        track="both_tracks",
        status_callback="https://example.com/status?x=1&y=2",
        status_callback_method="GET",
    )
    stream = stream_of(document, "Start")
    assert stream.attrib == {
        "url": URL,
        "name": "tap",
        "track": "both_tracks",
        "statusCallback": "https://example.com/status?x=1&y=2",
        "statusCallbackMethod": "GET",
    }
    assert [child.attrib for child in stream] == [{"name": "a", "value": ""}]


xml_text = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")
    | st.sampled_from("\t\n\r\"'<>&]")
)


@given(parameters=st.dictionaries(xml_text.filter(bool), xml_text, max_size=5), name=xml_text)
def test_any_text_comes_back(parameters, name):
    assume(all(len(key) + len(value) < 500 for key, value in parameters.items()))
    stream = stream_of(connect_stream(URL, parameters=parameters, name=name), "Connect")
    assert stream.get("name") == name
    assert {child.get("name"): child.get("value") for child in stream} == parameters


@given(text=st.text(st.characters(), max_size=20))
def test_text_is_written_right_or_refused(text):
    try:
        document = connect_stream(URL, parameters={"x": text})
    except ValueError:
        assert any(
            char in "\ufffe\uffff" or "\ud800" <= char <= "\udfff" or (char < " " and char not in "\t\n\r")
            for char in text
        )
    else:
        assert stream_of(document, "Connect")[0].get("value") == text


@pytest.mark.parametrize("build", BUILDERS)
@pytest.mark.parametrize(
    ("url", "fact"),
    [
        ("ws://example.com/a", "got 'ws'"),
        ("https://example.com/a", "got 'https'"),
        ("example.com/a", "no scheme"),
        ("", "printable"),
        ("wss:///a", "host"),
        ("wss://:8443/a", "host"),
        ("wss://example.com/a?token=1", "no query"),
        ("wss://example.com/a?", "no query"),
        ("wss://example.com/a#b", "no fragment"),
        ("wss://user:password@example.com/a", "no user"),
        ("wss://example.com/a b", "printable"),
        ("wss://example.com/ä", "printable"),
        ("wss://example.com/a\n", "printable"),
    ],
)
def test_refuses_urls_that_twilio_refuses(build, url, fact):
    with pytest.raises(ValueError, match=fact):
        build(url)


@pytest.mark.parametrize("track", ["outbound_track", "both_tracks", "inbound", ""])
def test_connect_has_the_inbound_track_only(track):
    with pytest.raises(ValueError, match="31941"):
        connect_stream(URL, track=track)
    assert stream_of(connect_stream(URL, track="inbound_track"), "Connect").get("track") == "inbound_track"


def test_start_has_three_tracks():
    for track in ("inbound_track", "outbound_track", "both_tracks"):
        assert stream_of(start_stream(URL, track=track), "Start").get("track") == track
    with pytest.raises(ValueError, match="got 'inbound'"):
        start_stream(URL, track="inbound")


@pytest.mark.parametrize("build", BUILDERS)
def test_parameters_are_short_strings_with_a_name(build):
    build(URL, parameters={"n" * 9: "v" * 490})
    with pytest.raises(ValueError, match="at most 499 characters, got 500"):
        build(URL, parameters={"n" * 9: "v" * 491})
    with pytest.raises(ValueError, match="at least 1"):
        build(URL, parameters={"": "v"})
    for wrong in ({"n": 7}, {7: "v"}, {"n": None}, {"n": b"v"}):
        with pytest.raises(TypeError, match="two strings, got"):
            build(URL, parameters=wrong)


@pytest.mark.parametrize("build", BUILDERS)
@pytest.mark.parametrize(
    ("arguments", "fact"),
    [
        ({"status_callback": "wss://example.com/s"}, "https or http"),
        ({"status_callback": "/s"}, "no scheme"),
        ({"status_callback": "https://example.com/s", "status_callback_method": "PUT"}, "'PUT'"),
        ({"status_callback_method": "GET"}, "status_callback is not"),
        ({"name": "a\0"}, "Stream name: U\\+0000"),
    ],
)
def test_refuses_other_attributes(build, arguments, fact):
    with pytest.raises(ValueError, match=fact):
        build(URL, **arguments)
