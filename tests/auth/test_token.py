"""Tokens: where they may be, who judges them, and that nothing of them is told."""

import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonewire.auth import Authenticator, Request, Secret, Token, Verified
from phonewire.errors import AuthenticationError

GOOD = "eyJhbGciOiJIUzI1NiJ9.e30.ZRrHA1JJJW8opsbCGfG_HACGpVUMN_a9IV7pAx_Zmeo"


def request(query="", **headers):
    target = "/v1.0/calls/x/media_stream" + (f"?{query}" if query else "")
    return Request("GET", target, {"Host": "example.com"} | headers)


def accepted(authenticator, asked):
    try:
        return isinstance(authenticator.verify(asked, 0.0), Verified)
    except AuthenticationError:
        return False


def somebody(token):
    return "somebody" if token == GOOD else None


@pytest.mark.parametrize(
    "asked",
    [
        request(f"token={GOOD}"),
        request(f"encapsulation=rtp&token={GOOD}"),
        request(f"token={GOOD[0]}%{ord(GOOD[1]):02x}{GOOD[2:]}"),
        request(Authorization=f"Bearer {GOOD}"),
        request(authorization=f"bearer {GOOD}"),
        request(Cookie=f"token={GOOD}"),
        request(Cookie=f"other=1; token={GOOD}; more=2"),
        request(f"token={GOOD}", Authorization="Bearer old"),
        request(f"token={GOOD}", Cookie="token=old"),
        request("token=old", Authorization=f"Bearer {GOOD}"),
    ],
)
@pytest.mark.parametrize("verify", [GOOD, Secret(GOOD), ["another", GOOD], somebody])
def test_a_token_is_found_in_each_of_its_places(verify, asked):
    assert accepted(Token(verify), asked)


@pytest.mark.parametrize(
    "asked",
    [
        request(),
        request("token="),
        request("token"),
        request(f"atoken={GOOD}"),
        request(f"Token={GOOD}"),
        request(f"token={GOOD[:-1]}"),
        request(f"token={GOOD}x"),
        request(f"token={GOOD}&token={GOOD}"),
        request(f"encapsulation=token={GOOD}"),
        request(f"token={GOOD}%0a"),
        request(Authorization=GOOD),
        request(Authorization=f"Basic {GOOD}"),
        request(Authorization=f"Bearer {GOOD} {GOOD}"),
        request(Cookie=f"token={GOOD}; token={GOOD}"),
        request(Cookie=f"mytoken={GOOD}"),
        request(token=GOOD),
        Request("GET", "/x", [("Authorization", f"Bearer {GOOD}"), ("authorization", f"Bearer {GOOD}")]),
    ],
)
@pytest.mark.parametrize("verify", [GOOD, somebody])
def test_anything_else_is_refused(verify, asked):
    assert not accepted(Token(verify), asked)


def test_who_it_is():
    asked = request(f"token={GOOD}")
    assert Token(["new", GOOD]).verify(asked, 0.0) == Verified("token:1")
    assert Token(somebody).verify(asked, 0.0) == Verified("somebody")
    authenticator: Authenticator = Token(somebody)
    assert accepted(authenticator, asked)


@pytest.mark.parametrize("answer", [None, "", True, {"sub": "somebody"}, 7])
def test_what_is_no_name_is_a_refusal(answer):
    assert not accepted(Token(lambda token: answer), request(f"token={GOOD}"))


def test_whatever_the_function_raises_is_a_refusal_that_shows_nothing():
    def verify(token):
        raise LookupError(f"no key for {token}")

    with pytest.raises(AuthenticationError) as refused:
        Token(verify).verify(request(f"token={GOOD}"), 0.0)
    assert GOOD not in "".join(traceback.format_exception(refused.value))
    assert GOOD not in repr(Token(GOOD)) + repr(vars(Token(GOOD)))


def test_a_token_that_cannot_be_one_is_not_asked_about():
    asked = []
    for query in ("token=%00", "token=a%20b", "token=%ff", "token=\u00e9"):
        assert not accepted(Token(asked.append), request(query))
    assert asked == []


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_any_request_is_refused_or_accepted(query, cookie, authorization):
    asked = request(query, Cookie=cookie, Authorization=authorization)
    assert not accepted(Token(GOOD), asked)


def test_wrong_arguments():
    async def verify(token):
        return token

    with pytest.raises(TypeError, match="async"):
        Token(verify)
    for nothing in ("", []):
        with pytest.raises(ValueError, match="at least 1"):
            Token(nothing)
