"""Keys in a header: any of several, and nothing but them."""

import pytest

from phonewire.auth import ApiKey, Request, Secret, Verified
from phonewire.errors import AuthenticationError

NOW_S = 1_800_000_000.0


def accepted(authenticator, request):
    try:
        return isinstance(authenticator.verify(request, NOW_S), Verified)
    except AuthenticationError:
        return False


class TestApiKey:
    def test_any_of_the_keys(self):
        authenticator = ApiKey(["one", Secret("two")])
        assert authenticator.verify(Request("GET", "/", {"apikey": "one"}), NOW_S) == Verified("apikey:0")
        assert authenticator.verify(Request("GET", "/", {"APIKEY": "two"}), NOW_S) == Verified("apikey:1")

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"apikey": ""},
            {"apikey": "On"},
            {"apikey": "one "},
            {"key": "one"},
            {"apikey": "o"},
            [("apikey", "one"), ("Apikey", "one")],
            {"apikey": "öne"},
            {"apikey": "\udcff"},
        ],
    )
    def test_refuses_the_rest(self, headers):
        assert not accepted(ApiKey("one"), Request("GET", "/", headers))

    def test_another_header(self):
        assert accepted(ApiKey("one", header="X-Key"), Request("GET", "/", {"x-key": "one"}))

    @pytest.mark.parametrize("keys", [[], "", [""], ["one", ""]])
    def test_refuses_to_be_open_to_everybody(self, keys):
        with pytest.raises(ValueError, match="at least 1"):
            ApiKey(keys)
