"""The policy of dialing again, without a clock, chance or a network."""

import itertools
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonewire import AuthenticationError, HandshakeError, Redial, RemoteProtocolError
from phonewire.aio.redial import is_final, may_come_back, retry_after_s

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


def test_waits_double_up_to_the_longest():
    redial = Redial(retries=8, first_s=0.5, most_s=8.0)
    assert [redial.wait_s(n, 0.5) for n in range(1, 9)] == [0.25, 0.5, 1, 2, 4, 4, 4, 4]


def test_chance_decides_over_the_whole_wait():
    redial = Redial(first_s=1.0)
    assert [redial.wait_s(1, chance) for chance in (0.0, 0.25, 0.999)] == [0.0, 0.25, 0.999]


def test_gives_up_after_its_retries():
    assert Redial(retries=2).wait_s(2, 0.5) is not None
    assert Redial(retries=2).wait_s(3, 0.5) is None
    assert Redial(retries=0).wait_s(1, 0.5) is None


def test_what_the_server_asks_is_the_least_wait():
    redial = Redial(first_s=1.0, patience_s=30)
    assert redial.wait_s(1, 0.0, 5.0) == 5.0
    assert redial.wait_s(1, 0.5, 5.0) == 5.5
    assert redial.wait_s(1, 0.5, 30.0) == 30.5
    assert redial.wait_s(1, 0.5, 30.1) is None
    assert redial.wait_s(1, 0.5, float("inf")) is None


@given(
    st.integers(1, 100_000),
    st.floats(0, 1, exclude_max=True),
    st.none() | st.floats(0, 1e9),
    st.floats(0, 10),
    st.floats(10, 1000),
)
def test_no_wait_is_longer_than_it_may_be(failures, chance, asked_s, first_s, most_s):
    redial = Redial(retries=100_000, first_s=first_s, most_s=most_s)
    wait_s = redial.wait_s(failures, chance, asked_s)
    if asked_s is not None and asked_s > redial.patience_s:
        assert wait_s is None
    else:
        assert (asked_s or 0) <= wait_s <= (asked_s or 0) + most_s


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"retries": -1}, "retries.*-1"),
        ({"first_s": -0.1}, "first_s"),
        ({"first_s": 9.0, "most_s": 8.0}, r"first_s.*9\.0 and 8\.0"),
        ({"first_s": float("nan")}, "first_s"),
        ({"patience_s": -1.0}, "patience_s"),
        ({"patience_s": float("nan")}, "patience_s"),
    ],
)
def test_policies_that_make_no_sense(options, names):
    with pytest.raises(ValueError, match=names):
        Redial(**options)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_answers_about_the_moment_are_worth_another_attempt(status):
    assert not is_final(HandshakeError(status))


@pytest.mark.parametrize("status", [200, 301, 302, 400, 404, 405, 410, 426, 451, 501, 505, 999])
def test_answers_about_the_request_are_final(status):
    assert is_final(HandshakeError(status))


@pytest.mark.parametrize(
    ("failure", "final"),
    [
        (AuthenticationError("401"), True),
        (RemoteProtocolError("not WebSocket"), True),
        (RemoteProtocolError("hung up", 1006), False),
        (ssl.SSLCertVerificationError("wrong host"), True),
        (ConnectionRefusedError(), False),
        (TimeoutError(), False),
        (KeyError("the maker of tokens has a bug"), False),
    ],
)
def test_failures_without_a_status(failure, final):
    assert is_final(failure) is final


def test_which_ends_of_a_connection_may_be_mended():
    codes = itertools.chain(range(1000, 1016), [3000, 3008, 4000, 4999])
    assert {code for code in codes if may_come_back(code)} == {1001, 1006, 1011, 1012, 1013, 1014}


@pytest.mark.parametrize(("value", "seconds"), [("0", 0), ("120", 120), (" 7 ", 7), ("9" * 400, float("inf"))])
def test_retry_after_in_seconds(value, seconds):
    assert retry_after_s(value, 0.0) == seconds


@pytest.mark.parametrize("ahead_s", [0, 1, 90, 86_400])
def test_retry_after_as_a_date(ahead_s):
    date = NOW + timedelta(seconds=ahead_s)
    forms = [format_datetime(date, usegmt=True), date.strftime("%A, %d-%b-%y %H:%M:%S GMT"), date.strftime("%c")]
    assert [retry_after_s(form, NOW.timestamp()) for form in forms] == [ahead_s] * 3


def test_a_date_that_is_past_asks_for_no_wait():
    assert retry_after_s("Sun, 06 Nov 1994 08:49:37 GMT", NOW.timestamp()) == 0


@pytest.mark.parametrize(
    "value",
    [None, "", "soon", "-1", "1.5", "1e3", "٣", "²", "1, 2", "Sun, 99 Nov 99999999999 08:49:37 GMT", "\0" * 100],
)
def test_what_is_neither_form_is_not_there(value):
    assert retry_after_s(value, 0.0) is None


@given(st.text())
def test_no_text_raises(value):
    wait_s = retry_after_s(value, NOW.timestamp())
    assert wait_s is None or wait_s >= 0
