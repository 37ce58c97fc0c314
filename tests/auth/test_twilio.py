"""Twilio's signature against its published vectors, its own validator, and hostile requests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from phonewire.auth import Request, Secret, TwilioSignature, Verified, secret, sign_twilio
from phonewire.errors import AuthenticationError

TOKEN = "12345"
NOW_S = 1_800_000_000.0

# The webhook's is also in twilio-python's own tests; the others were computed from the algorithm.
FORM = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675309",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
}
WEBHOOK_URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
WEBHOOK_SIGNATURE = "RSOYDt4T1cUTdK1PDd93/VVr8B8="
STREAM_SIGNATURES = {
    "wss://example.com/audiostream": "h1GDe9X4/sxGZmaZfzZVvygMML0=",
    "wss://example.com/audiostream/": "pA7u5BhDtgkynBQ7ElFK/UOByGg=",
    "wss://example.com:443/audiostream": "rL8gnbTtNpLDu9fWxozCZ2xrP68=",
}
HTTPS_SIGNATURE = "L2EgZfO7O92nD2K3YQ439vQNcNE="


def upgrade(signature, target="/audiostream", host="example.com"):
    headers = [("Host", host), ("Upgrade", "websocket")]
    if signature is not None:
        headers.append(("x-twilio-signature", signature))
    return Request("GET", target, headers)


def webhook(signature, form, method="POST", target="/myapp.php?foo=1&bar=2", host="mycompany.com"):
    return Request(method, target, {"Host": host, "X-Twilio-Signature": signature}, form)


def accepted(authenticator, request):
    try:
        return isinstance(authenticator.verify(request, NOW_S), Verified)
    except AuthenticationError:
        return False


class TestTwilioStream:
    @pytest.mark.parametrize("signature", STREAM_SIGNATURES.values(), ids=STREAM_SIGNATURES)
    @pytest.mark.parametrize("target", ["/audiostream", "/audiostream/"])
    @pytest.mark.parametrize("host", ["example.com", "example.com:443"])
    def test_takes_every_way_to_write_the_url(self, signature, target, host):
        assert accepted(TwilioSignature(TOKEN), upgrade(signature, target, host))

    @pytest.mark.parametrize("url", STREAM_SIGNATURES)
    def test_signs_like_the_vectors(self, url):
        assert sign_twilio(TOKEN, url) == STREAM_SIGNATURES[url]
        assert sign_twilio(Secret(TOKEN), url) == STREAM_SIGNATURES[url]

    def test_a_port_of_its_own_is_signed_with_it_or_without(self):
        for url in ("wss://example.com:8443/a", "wss://example.com/a"):
            assert accepted(TwilioSignature(TOKEN), upgrade(sign_twilio(TOKEN, url), "/a", "example.com:8443"))
        assert not accepted(
            TwilioSignature(TOKEN), upgrade(sign_twilio(TOKEN, "wss://example.com:80/a"), "/a", "example.com:8443")
        )

    def test_refuses_a_signature_over_https(self):
        assert sign_twilio(TOKEN, "https://example.com/audiostream") == HTTPS_SIGNATURE
        assert not accepted(TwilioSignature(TOKEN), upgrade(HTTPS_SIGNATURE))

    @pytest.mark.parametrize(
        "url",
        [
            "ws://example.com/audiostream",
            "wss://example.com/audiostream//",
            "wss://example.com/Audiostream",
            "wss://example.com/audiostream?",
            "wss://example.org/audiostream",
            "wss://example.com:80/audiostream",
            "",
            "\0",
        ],
    )
    def test_refuses_another_url(self, url):
        assert not accepted(TwilioSignature(TOKEN), upgrade(sign_twilio(TOKEN, url)))

    @pytest.mark.parametrize(
        "signature", [None, "", "=", "h1GDe9X4/sxGZmaZfzZVvygMML0", "\udcff", "h1GDe9X4/sxGZmaZfzZVvygMML0= "]
    )
    def test_refuses_a_missing_or_broken_signature(self, signature):
        assert not accepted(TwilioSignature(TOKEN), upgrade(signature))

    def test_refuses_two_signatures_or_two_hosts(self):
        good = STREAM_SIGNATURES["wss://example.com/audiostream"]
        for extra in (("X-Twilio-Signature", good), ("host", "example.com")):
            headers = [("Host", "example.com"), ("x-twilio-signature", good), extra]
            assert not accepted(TwilioSignature(TOKEN), Request("GET", "/audiostream", headers))

    def test_every_flipped_bit_of_a_signature_is_refused(self):
        good = STREAM_SIGNATURES["wss://example.com/audiostream"]
        for index, bit in ((i, b) for i in range(len(good)) for b in range(7)):
            bad = good[:index] + chr(ord(good[index]) ^ 1 << bit) + good[index + 1 :]
            assert not accepted(TwilioSignature(TOKEN), upgrade(bad))

    def test_several_tokens_say_which_one_it_was(self):
        old_and_new = TwilioSignature([Secret("old"), TOKEN])
        request = upgrade(STREAM_SIGNATURES["wss://example.com/audiostream"])
        assert old_and_new.verify(request, NOW_S) == Verified("twilio:1")
        assert not accepted(TwilioSignature(["old", "new"]), request)

    def test_host_can_not_move_the_boundary_to_the_path(self):
        # Signed for /v1/twilio; the request is for /twilio, another endpoint, with the rest of the path in Host.
        signature = sign_twilio(TOKEN, "wss://example.com/v1/twilio")
        assert accepted(TwilioSignature(TOKEN), upgrade(signature, "/v1/twilio"))
        assert not accepted(TwilioSignature(TOKEN), upgrade(signature, "/twilio", "example.com/v1"))

    @pytest.mark.parametrize(
        "host", ["", "user@example.com", "example.com?", "exam ple.com", "example.com:", "example.com\n"]
    )
    def test_refuses_hosts_that_are_none(self, host):
        signature = sign_twilio(TOKEN, f"wss://{host}/audiostream")
        assert not accepted(TwilioSignature(TOKEN), upgrade(signature, host=host))

    def test_ipv6(self):
        for url in ("wss://[::1]:8443/a", "wss://[::1]/a", "wss://[::1]:443/a"):
            assert accepted(TwilioSignature(TOKEN), upgrade(sign_twilio(TOKEN, url), "/a", "[::1]:8443"))


class TestPublicUrl:
    @pytest.mark.parametrize("public_url", ["wss://phone.example", "https://phone.example", "https://phone.example/"])
    def test_one_base_serves_several_endpoints(self, public_url):
        authenticator = TwilioSignature(TOKEN, public_url)
        for target in ("/twilio", "/daspeak-stream/v1/twilio"):
            signature = sign_twilio(TOKEN, "wss://phone.example" + target)
            assert accepted(authenticator, upgrade(signature, target, "10.0.0.7:8080"))

    def test_prefix_that_a_proxy_takes_away(self):
        signature = sign_twilio(TOKEN, "wss://phone.example:8443/voice/twilio")
        assert accepted(
            TwilioSignature(TOKEN, "wss://phone.example:8443/voice"), upgrade(signature, "/twilio", "inner")
        )

    @pytest.mark.parametrize("target", ["/twilio", "/twilio/"])
    def test_whole_url_of_the_endpoint(self, target):
        signature = sign_twilio(TOKEN, "wss://phone.example/twilio")
        assert accepted(TwilioSignature(TOKEN, "wss://phone.example/twilio"), upgrade(signature, target, "inner"))

    def test_host_is_not_looked_at(self):
        authenticator = TwilioSignature(TOKEN, "wss://phone.example")
        assert not accepted(authenticator, upgrade(sign_twilio(TOKEN, "wss://inner/twilio"), "/twilio", "inner"))

    def test_webhooks_are_https_under_it(self):
        signature = sign_twilio(TOKEN, "https://phone.example/voice?x=1", FORM)
        request = webhook(signature, FORM, target="/voice?x=1", host="inner")
        assert accepted(TwilioSignature(TOKEN, "wss://phone.example"), request)

    @pytest.mark.parametrize(
        "public_url",
        [
            "phone.example",
            "ws://phone.example",
            "http://x",
            "wss://",
            "wss://u:p@x",
            "wss://x?a=1",
            "wss://x#a",
            "wss://x?",
        ],
    )
    def test_refuses_what_is_no_base(self, public_url):
        with pytest.raises(ValueError, match="public_url"):
            TwilioSignature(TOKEN, public_url)


class TestTwilioWebhook:
    def test_vector(self):
        assert sign_twilio(TOKEN, WEBHOOK_URL, FORM) == WEBHOOK_SIGNATURE
        assert accepted(TwilioSignature(TOKEN), webhook(WEBHOOK_SIGNATURE, FORM))

    @pytest.mark.parametrize("url", [WEBHOOK_URL, "https://mycompany.com:443/myapp.php?foo=1&bar=2"])
    def test_port(self, url):
        assert accepted(TwilioSignature(TOKEN), webhook(sign_twilio(TOKEN, url, FORM), FORM))

    def test_get_signs_the_url_alone(self):
        assert accepted(TwilioSignature(TOKEN), webhook(sign_twilio(TOKEN, WEBHOOK_URL), {}, method="GET"))

    def test_repeated_names_and_values(self):
        form = [("b", "2"), ("a", "2"), ("a", "1"), ("a", "2")]
        assert sign_twilio(TOKEN, WEBHOOK_URL, form) == sign_twilio(TOKEN, WEBHOOK_URL + "a1a2b2")
        assert accepted(TwilioSignature(TOKEN), webhook(sign_twilio(TOKEN, WEBHOOK_URL, form), form))

    @pytest.mark.parametrize("change", [{"Digits": "1235"}, {"Extra": ""}, {"Extra": "x"}])
    def test_refuses_a_changed_form(self, change):
        assert not accepted(TwilioSignature(TOKEN), webhook(WEBHOOK_SIGNATURE, FORM | change)) or change == {
            "Extra": ""
        }

    def test_refuses_a_missing_field(self):
        for name in FORM:
            rest = {key: value for key, value in FORM.items() if key != name}
            assert not accepted(TwilioSignature(TOKEN), webhook(WEBHOOK_SIGNATURE, rest))

    def test_a_stream_signature_is_none_for_a_webhook(self):
        good = STREAM_SIGNATURES["wss://example.com/audiostream"]
        for form in ({}, FORM, {"wss://example.com/audiostream": ""}):
            for host in ("example.com", ""):
                request = webhook(good, form, target="/audiostream", host=host)
                assert not accepted(TwilioSignature(TOKEN), request)

    def test_a_webhook_signature_is_none_for_a_stream(self):
        signature = sign_twilio(TOKEN, "https://example.com/audiostream", FORM)
        assert not accepted(TwilioSignature(TOKEN), upgrade(signature))


names = st.text(st.characters(codec="utf-8"), max_size=8)
forms = st.dictionaries(names, names, max_size=6)


@given(
    form=forms,
    token=st.text(st.characters(codec="utf-8"), min_size=1),
    target=st.from_regex(r"/[a-z0-9/?=&%.]*", fullmatch=True),
)
def test_signs_what_twilios_validator_takes(form, token, target):
    url = "https://example.com" + target
    signature = sign_twilio(token, url, form)
    assert signature == RequestValidator(token).compute_signature(url, form)
    assert accepted(TwilioSignature(token), webhook(signature, form, target=target, host="example.com"))


@given(
    form=forms,
    signed_form=forms,
    port=st.sampled_from(["", ":443", ":8443"]),
    signed_port=st.sampled_from(["", ":443"]),
)
def test_takes_what_twilios_validator_takes(form, signed_form, port, signed_port):
    signature = RequestValidator(TOKEN).compute_signature(f"https://example.com{signed_port}/voice", signed_form)
    theirs = RequestValidator(TOKEN).validate(f"https://example.com{port}/voice", form, signature)
    ours = accepted(TwilioSignature(TOKEN), webhook(signature, form, target="/voice", host="example.com" + port))
    # On a port of one's own we also try :443, which their validator does not.
    assert ours == theirs or (ours and port == ":8443" and signed_port == ":443")


def test_a_wrong_secret_costs_as_many_comparisons_as_a_right_one(monkeypatch):
    counted = []
    compare = secret.compare_digest
    monkeypatch.setattr(secret, "compare_digest", lambda a, b: counted.append((len(a), len(b))) or compare(a, b))
    costs = []
    for request in (upgrade(STREAM_SIGNATURES["wss://example.com/audiostream"]), upgrade("x"), upgrade(None)):
        counted.clear()
        accepted(TwilioSignature([TOKEN, "b"]), request)
        costs.append(list(counted))
    assert costs[0] == costs[1] == costs[2] == [(32, 32)] * 8  # 2 tokens, 2 hosts, 2 slashes; digests of one size


@pytest.mark.parametrize("tokens", [[], "", [""], ["one", ""]])
def test_refuses_to_be_open_to_everybody(tokens):
    with pytest.raises(ValueError, match="at least 1"):
        TwilioSignature(tokens)
