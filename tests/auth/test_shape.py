"""What all authenticators have in common."""

import pytest

from phonewire.auth import ApiKey, Authenticator, Request, TwilioSignature
from phonewire.errors import AuthenticationError

# Of https://example.com, where wss:// is what has to be signed, by the token "12345".
HTTPS_SIGNATURE = "L2EgZfO7O92nD2K3YQ439vQNcNE="


def upgrade(signature=None, host="example.com"):
    headers = {"Host": host, "Upgrade": "websocket"}
    return Request("GET", "/audiostream", headers if signature is None else headers | {"X-Twilio-Signature": signature})


def test_every_refusal_says_the_same():
    requests = [
        (ApiKey("one"), Request("GET", "/", {})),
        (ApiKey("one"), Request("GET", "/", {"apikey": "two"})),
        (TwilioSignature("12345"), upgrade()),
        (TwilioSignature("12345"), upgrade("x", host="")),
        (TwilioSignature(["a", "b"], "wss://x"), upgrade(HTTPS_SIGNATURE)),
    ]
    texts = set()
    for authenticator, request in requests:
        with pytest.raises(AuthenticationError) as caught:
            authenticator.verify(request, 0.0)
        texts.add(str(caught.value))
    assert texts == {"the request is not authentic"}


def test_authenticators_have_one_shape():
    authenticators: list[Authenticator] = [ApiKey("one"), TwilioSignature("one")]
    assert all(callable(authenticator.verify) for authenticator in authenticators)
