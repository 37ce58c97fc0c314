"""Bodies for das-Peak are written strictly; what it answers is read leniently, and never believed."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonewire.das_peak_request import (
    AudioSettings,
    SessionRequest,
    encode,
    read_fields,
    read_id,
    read_status,
    status_words,
)
from phonewire.errors import RemoteProtocolError

UUID = "6ef34b58-e793-4126-b043-152edefed3a3"
# As the example workflow has them.
SETTINGS = (
    '{"audio_protocol": "audiohook", "audio_format": "raw", "audio_codec": "mulaw", "sample_format": "", '
    '"sample_rate": 8000, "channels": 1}'
)
SESSION = (
    f'{{"audio_settings_id": "{UUID}", "authenticity_threshold": 0.8, "audio_total_duration": 5.0, '
    '"call_id": "888806c3-3391-4d73-bb86-e5874e6ed5b4", "model_hash": "<MODEL_HASH>"}'
)
ANSWER = b'{"channels": 1, "created_at": "Wed, 17 May 2023 09:25:24 GMT", "id": "%s", "new": [1]}' % UUID.encode()

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def session(**fields):
    asked = json.loads(SESSION) | fields
    del asked["audio_settings_id"]
    return SessionRequest(**asked)


def test_the_bodies_of_the_example():
    assert json.loads(encode(AudioSettings(audio_protocol="audiohook"))) == json.loads(SETTINGS)
    settings = {"audio_settings_id": UUID}
    assert json.loads(encode(session(), settings)) == json.loads(SESSION)
    assert json.loads(encode(session(), settings, {"credential": "c"})) == json.loads(SESSION) | {"credential": "c"}


def test_the_answer_of_the_example():
    fields = read_fields(ANSWER)
    assert read_id(fields) == UUID
    assert read_status(fields) == ""
    assert read_status(fields, "created_at") == "" != fields["created_at"], "a comma is in no status"


@pytest.mark.parametrize(
    "fields",
    [
        {"authenticity_threshold": -0.1}, {"authenticity_threshold": 1.1}, {"authenticity_threshold": math.nan},
        {"audio_total_duration": 0}, {"audio_total_duration": math.inf}, {"audio_total_duration": math.nan},
        {"call_id": ""}, {"model_hash": ""},
    ],
)  # fmt: skip
def test_what_no_session_has_is_refused(fields):
    with pytest.raises(ValueError, match="got"):
        session(**fields)


def test_settings_of_another_channel_are_refused():
    with pytest.raises(ValueError, match="twilio or audiohook"):
        AudioSettings(audio_protocol="rtp")


def test_a_field_is_given_once():
    for further in ([{"call_id": "other"}], [{"a": 1}, {"b": 1, "call_id": 2}], [{"call_id": 1}, {}]):
        with pytest.raises(ValueError, match="given twice: call_id"):
            encode(session(), *further)


@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_an_answer_is_an_object_or_an_error(body):
    try:
        expected = json.loads(body)
    except ValueError:
        expected = None
    if isinstance(expected, dict):
        assert read_fields(body) == expected
    else:
        with pytest.raises(RemoteProtocolError) as raised:
            read_fields(body)
        assert str(raised.value) == "the answer is not a JSON object"


SAFE = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


@given(JSON | st.text("abcZ09_-", min_size=1, max_size=130))
def test_an_id_is_safe_in_a_path(value):
    good = isinstance(value, str) and 0 < len(value) <= 128 and set(value) <= SAFE
    if good:
        assert read_id({"session": value}, "session") == value
    else:
        with pytest.raises(RemoteProtocolError, match="no usable id"):
            read_id({"session": value}, "session")


@given(JSON)
def test_a_status_can_be_shown(value):
    told = read_status({"status": value})
    assert told in ("", value)
    assert told.isprintable()
    assert len(told) <= 64


def test_words_mean_one_thing_each():
    assert status_words(["a"], {"b", "c"}) == [{"a"}, {"b", "c"}]
    for groups in (["a"], "a"), (["a"], ["b", "a"]), ([], ["a"]), ([""], ["a"]), (["a\n"], ["b"]):
        with pytest.raises(ValueError, match="status"):
            status_words(*groups)
