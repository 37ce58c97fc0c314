"""AudioHook's signature against Genesys' published vectors, an independent library, and hostile handshakes."""

import re
import sys
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from hmac import digest
from types import SimpleNamespace

import pytest
from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier, HTTPSignatureKeyResolver
from http_message_signatures.algorithms import HMAC_SHA256
from hypothesis import given
from hypothesis import strategies as st

from phonewire import auth
from phonewire.auth import AudioHookSignature, Request, Secret, sign_audiohook
from phonewire.auth import audiohook as audiohook_auth
from phonewire.errors import AuthenticationError

# Genesys' reference implementation, test/httpsignature: ASCII "MySuperSecretKeyTellNo-1!2@3#4$5" and the rest.
SECRET = "TXlTdXBlclNlY3JldEtleVRlbGxOby0xITJAMyM0JDU="
KEY = "SGVsbG8sIEkgYW0gdGhlIEFQSSBrZXkh"
NONCE = "VGhpc0lzQVVuaXF1ZU5vbmNl"
CREATED = 1641013200
TARGET = "/api/v1/voicebiometrics/ws"
HOST = "audiohook.example.com"
IDS = {
    "Audiohook-Organization-Id": "d7934305-0972-4844-938e-9060eef73d05",
    "Audiohook-Session-Id": "30b0e395-84d3-4570-ac13-9a62d8f514c0",
    "Audiohook-Correlation-Id": "e160e428-53e2-487c-977d-96989bf5c99d",
}
VECTORS = {
    3282026430: "NZBwyBHRRyRoeLqy1IzOa9VYBuI8TgMFt2GRDkDuJh4=",
    1641013230: "13MrOmtEIFb8cH00czAZWdEkgJr9QlnAQABRRF1A2gE=",
}
WITH_HOST = "zupMJUMfd/kMuvKc5zhRyfJPE3jTROuz1S1hn8SCTpE="


def signed(**changes):
    """Return the headers of a handshake that Genesys signed."""
    arguments = {"authority": HOST, "target": TARGET, "headers": IDS, "nonce": NONCE, "created_s": CREATED} | changes
    secret = arguments.pop("secret", SECRET)
    key = arguments.pop("key", KEY)
    return {"Host": HOST, "X-API-KEY": key} | IDS | sign_audiohook(key, secret, **arguments)


def verify(headers, now_s=CREATED, keys=None, target=TARGET, **options):
    return AudioHookSignature(keys or {KEY: SECRET}, **options).verify(Request("GET", target, headers), now_s)


def refused(headers, now_s=CREATED, **options):
    with pytest.raises(AuthenticationError, match=r"^the request is not authentic$"):
        verify(headers, now_s, **options)
    return True


def replaced(headers, name, old, new):
    changed = headers | {name: headers[name].replace(old, new)}
    assert changed != headers
    return changed


class TestVectors:
    @pytest.mark.parametrize("expires_s", VECTORS)
    def test_are_signed(self, expires_s):
        headers = signed(expires_s=expires_s)
        assert headers["Signature"] == f"sig1=:{VECTORS[expires_s]}:"
        assert headers["Signature-Input"] == (
            'sig1=("@request-target" "@authority" "audiohook-organization-id" "audiohook-session-id" '
            f'"audiohook-correlation-id" "x-api-key");keyid="{KEY}";nonce="{NONCE}";alg="hmac-sha256";'
            f"created={CREATED};expires={expires_s}"
        )

    @pytest.mark.parametrize("expires_s", VECTORS)
    def test_are_taken(self, expires_s):
        who = verify(signed(expires_s=expires_s))
        assert (who.identity, who.nonce) == ("audiohook:0", NONCE)
        assert who.expires_s == CREATED + 10 + 3

    def test_one_without_authority_is_refused_though_its_signature_is_right(self):
        headers = signed(expires_s=3282026430)
        fields = replaced(headers, "Signature-Input", '"@authority"', '"host"') | {"Signature": f"sig1=:{WITH_HOST}:"}
        signature = audiohook_auth._Signature(Request("GET", TARGET, fields), None)
        assert digest(b"MySuperSecretKeyTellNo-1!2@3#4$5", signature.base, "sha256") == signature.value
        assert refused(fields)


class OneKey(HTTPSignatureKeyResolver):
    def resolve_private_key(self, key_id):
        return b"MySuperSecretKeyTellNo-1!2@3#4$5"

    resolve_public_key = resolve_private_key


def message(target, headers):
    return SimpleNamespace(method="GET", url=f"https://{headers['Host']}{target}", headers=dict(headers))


TARGETS = st.from_regex(r"/[a-z0-9/._~-]{0,30}(\?[a-z0-9=&._~-]{0,30})?", fullmatch=True)
NONCES = st.text("ABCDEFabcdef0123456789+/=", min_size=22, max_size=44)
HOSTS = st.sampled_from(["audiohook.example.com", "AudioHook.Example.COM", "h.example:8443", "h.example:443"])


@given(TARGETS, NONCES, HOSTS)
def test_an_independent_library_takes_what_is_signed(target, nonce, host):
    now = int(datetime.now(UTC).timestamp())
    headers = signed(target=target, nonce=nonce, authority=host, created_s=now) | {"Host": host}
    verifier = HTTPMessageVerifier(signature_algorithm=HMAC_SHA256, key_resolver=OneKey())
    (result,) = verifier.verify(message(target, headers))
    assert len(result.covered_components) >= 6


@given(TARGETS, NONCES, HOSTS, st.permutations(audiohook_auth.COMPONENTS))
def test_what_an_independent_library_signs_is_taken(target, nonce, host, components):
    request = message(target, {"Host": host, "X-API-KEY": KEY} | IDS)
    HTTPMessageSigner(signature_algorithm=HMAC_SHA256, key_resolver=OneKey()).sign(
        request,
        key_id=KEY,
        created=datetime.fromtimestamp(CREATED, UTC),
        nonce=nonce,
        label="sig1",
        covered_component_ids=components,
    )
    assert verify(request.headers, target=target).nonce == nonce


class TestComponents:
    @pytest.mark.parametrize("name", audiohook_auth.COMPONENTS)
    def test_each_must_be_covered(self, name, monkeypatch):
        rest = tuple(one for one in audiohook_auth.COMPONENTS if one != name)
        monkeypatch.setattr(audiohook_auth, "COMPONENTS", rest)
        headers = signed()
        assert name not in headers["Signature-Input"]
        monkeypatch.undo()
        assert refused(headers)

    @pytest.mark.parametrize("name", [*IDS, "X-API-KEY", "Host"])
    def test_each_header_must_be_as_it_was_signed(self, name):
        headers = signed()
        assert refused(headers | {name: headers[name] + "0"})
        assert refused({other: value for other, value in headers.items() if other != name})

    def test_the_target_must_be_as_it_was_signed(self):
        assert refused(signed(), target=TARGET + "/")
        assert refused(signed(), target=TARGET + "?a=b")

    @pytest.mark.parametrize("name", [*IDS, "X-API-KEY", "Host", "Signature", "Signature-Input"])
    def test_none_may_come_twice(self, name):
        headers = [*signed().items()]
        assert refused([*headers, (name, dict(headers)[name])])

    def test_more_may_be_covered(self, monkeypatch):
        names = (*audiohook_auth.COMPONENTS, "user-agent")
        monkeypatch.setattr(audiohook_auth, "COMPONENTS", names)
        headers = signed(headers=IDS | {"User-Agent": "Genesys"}) | {"User-Agent": "Genesys"}
        monkeypatch.undo()
        assert verify(headers)
        assert refused(headers | {"User-Agent": "other"})

    @pytest.mark.parametrize("extra", ["@method", "user-agent", "@status"])
    def test_what_has_no_value_may_not_be_covered(self, extra):
        components = [(name, {}) for name in (*audiohook_auth.COMPONENTS, extra)]
        assert refused(by_hand(components))

    def test_no_component_twice(self):
        components = [(name, {}) for name in (*audiohook_auth.COMPONENTS, "x-api-key")]
        assert refused(by_hand(components))

    def test_no_component_with_parameters(self):
        components = [(name, {"sf": True} if name == "x-api-key" else {}) for name in audiohook_auth.COMPONENTS]
        assert refused(by_hand(components))


def by_hand(components=None, **changes):
    """Return a handshake whose signature is right, whatever else is wrong with it; None takes a parameter away."""
    components = components or [(name, {}) for name in audiohook_auth.COMPONENTS]
    parameters = {"keyid": KEY, "nonce": NONCE, "alg": "hmac-sha256", "created": CREATED} | changes
    parameters = {name: value for name, value in parameters.items() if value is not None}
    headers = {"Host": HOST, "X-API-KEY": KEY} | IDS
    headers["Signature-Input"] = "sig1=" + audiohook_auth._described(components, parameters)
    headers["Signature"] = "sig1=:AAAA:"
    base = audiohook_auth._Signature(Request("GET", TARGET, headers), None).base
    value = digest(audiohook_auth._key(Secret(SECRET)), base, "sha256")
    return headers | {"Signature": f"sig1=:{b64encode(value).decode()}:"}


class TestParameters:
    def test_by_hand_is_taken(self):
        assert verify(by_hand())

    @pytest.mark.parametrize("name", ["keyid", "nonce", "created"])
    def test_what_must_be_there(self, name):
        assert refused(by_hand(**{name: None}))

    def test_the_algorithm_need_not_be_named(self):
        assert verify(by_hand(alg=None))

    @pytest.mark.parametrize(
        "changes",
        [
            {"alg": "hmac-sha512"},
            {"alg": True},
            {"keyid": KEY + "x"},
            {"nonce": NONCE[:21]},
            {"nonce": "n" * 257},
            {"nonce": 1234567890123},
            {"nonce": b"n" * 30},
            {"created": True},
            {"created": str(CREATED)},
            {"expires": "never"},
            {"expires": True},
            {"tag": "other"},
            {"version": 1},
        ],
        ids=repr,
    )
    def test_what_is_refused(self, changes):
        assert refused(by_hand(**changes))


class TestTime:
    @pytest.mark.parametrize("age_s", [-3, 0, 10, 13])
    def test_two_clocks_may_differ(self, age_s):
        assert verify(signed(), CREATED + age_s)

    @pytest.mark.parametrize("age_s", [-3.1, -3600, 13.1, 3600])
    def test_not_made_just_now(self, age_s):
        assert refused(signed(), CREATED + age_s)

    @pytest.mark.parametrize(("age_s", "taken"), [(5, True), (8, True), (8.1, False), (13, False)])
    def test_it_says_when_it_expires(self, age_s, taken):
        headers = signed(expires_s=CREATED + 5)
        assert verify(headers, CREATED + age_s).expires_s == CREATED + 8 if taken else refused(headers, CREATED + age_s)


class TestKeys:
    def test_each_key_has_its_secret(self):
        keys = {"one": "b25lIHNlY3JldA==", "two": ["dHdvIHNlY3JldA==", Secret("bmV3IHNlY3JldA==")]}
        assert verify(signed(key="one", secret="b25lIHNlY3JldA=="), keys=keys).identity == "audiohook:0"
        assert verify(signed(key="two", secret="bmV3IHNlY3JldA=="), keys=keys).identity == "audiohook:1"
        assert refused(signed(key="one", secret="dHdvIHNlY3JldA=="), keys=keys)

    def test_unknown_key(self):
        assert refused(signed(key="nobody's"))
        assert refused(signed(key="nobody's", secret=b64encode(audiohook_auth._NOBODY[:-1] + b"\1").decode()))

    def test_what_unknown_keys_are_checked_against_lets_nobody_in(self):
        headers = signed(key="nobody's")
        base = audiohook_auth._Signature(Request("GET", TARGET, headers), None).base
        value = digest(audiohook_auth._NOBODY, base, "sha256")
        assert refused(headers | {"Signature": f"sig1=:{b64encode(value).decode()}:"})

    def test_a_key_without_a_secret_is_enough_where_it_is_said(self):
        unsigned = {"Host": HOST, "X-API-KEY": KEY} | IDS
        assert verify(unsigned, keys={KEY: None}).nonce is None
        assert refused(unsigned)
        assert refused(unsigned | {"X-API-KEY": "other"}, keys={KEY: None})

    def test_a_signature_for_a_key_without_a_secret_is_refused(self):
        assert refused(signed(), keys={KEY: None})

    @pytest.mark.parametrize("secret", ["", "AAAA", "not base64!", "TXlTdXBl\n", []])
    def test_refuses_to_be_open_to_everybody(self, secret):
        with pytest.raises(ValueError, match="secret"):
            AudioHookSignature({KEY: secret})

    def test_refuses_no_key(self):
        with pytest.raises(ValueError, match="at least 1 secret"):
            AudioHookSignature({})

    def test_a_wrong_one_costs_as_much_as_a_right_one(self, monkeypatch):
        counted = []
        monkeypatch.setattr(audiohook_auth, "hmac_digest", lambda *a: counted.append(len(a[1]) > 300) or digest(*a))
        right, unknown = signed(), signed(key="nobody's")
        counted.clear()
        verify(right)
        refused(unknown)
        refused(replaced(right, "Signature", "sig1=:", "sig1=:AAAA"))
        assert counted == [True] * 3


class TestProxy:
    def test_the_public_url_is_what_genesys_called(self):
        headers = signed(authority="public.example", target="/prefix" + TARGET) | {"Host": "10.0.0.1:8080"}
        assert verify(headers, public_url="wss://public.example/prefix/")
        assert refused(headers)

    def test_refuses_what_is_no_base(self):
        with pytest.raises(ValueError, match="public_url"):
            AudioHookSignature({KEY: SECRET}, "http://public.example")


class TestFields:
    @pytest.mark.parametrize(
        "signature_input",
        ["", "sig1", "sig1=1", "sig1=()", "sig1=(1 2)", 'sig1=("', "sig1=" + "(" * 500, "µ", "sig1=:AAAA:", "sig1=?1"],
    )
    def test_that_are_none(self, signature_input):
        assert refused(signed() | {"Signature-Input": signature_input})

    @pytest.mark.parametrize(
        "signature", ["", "sig1", "sig1=1", "sig1=:AAAA", "sig2=:AAAA:", 'sig1="x"', "sig1=(:AAAA:)"]
    )
    def test_signatures_that_are_none(self, signature):
        assert refused(signed() | {"Signature": signature})

    @pytest.mark.parametrize("name", ["Signature", "Signature-Input"])
    def test_one_label_and_one_only(self, name):
        headers = signed()
        field = headers[name]
        assert refused(headers | {name: f"{field}, {field}"})
        assert refused(headers | {name: f"{field}, {field.replace('sig1', 'sig2')}"})
        assert refused(headers | {name: field.replace("sig1", "sig2")})

    def test_two_labels_in_both(self):
        headers = signed()
        both = {
            name: f"{headers[name]}, {headers[name].replace('sig1', 'sig2')}"
            for name in ("Signature", "Signature-Input")
        }
        assert refused(headers | both)

    def test_too_long(self):
        assert refused(signed() | {"Signature-Input": signed()["Signature-Input"] + ";" + " " * 2048 + "x"})

    def test_a_signature_with_parameters(self):
        headers = signed()
        assert refused(headers | {"Signature": headers["Signature"] + ";a=1"})

    def test_every_flipped_bit_of_the_signature_is_refused(self):
        headers = signed()
        value = b64decode(headers["Signature"][6:-1])
        assert len(value) == 32
        for bit in range(256):
            flipped = (int.from_bytes(value, "big") ^ 1 << bit).to_bytes(32, "big")
            assert refused(headers | {"Signature": f"sig1=:{b64encode(flipped).decode()}:"})

    @given(st.data())
    def test_hostile_fields_are_refused_and_raise_nothing_else(self, data):
        headers = signed()
        name = data.draw(st.sampled_from(["Signature", "Signature-Input"]))
        text = list(headers[name])
        for _ in range(data.draw(st.integers(1, 4))):
            index = data.draw(st.integers(0, len(text) - 1))
            text[index : index + data.draw(st.integers(0, 3))] = data.draw(st.text(max_size=3))
        changed = "".join(text)
        try:
            verify(headers | {name: changed})
        except AuthenticationError:
            return
        # What else is a way to write the same: white space, and bits of base64 that say nothing.
        assert re.sub(r"[\s=:]", "", changed)[:40] == re.sub(r"[\s=:]", "", headers[name])[:40]


class TestSigning:
    @pytest.mark.parametrize("size", [0, 21, 257])
    def test_nonce_of_another_size(self, size):
        with pytest.raises(ValueError, match=f"22 to 256 characters, got {size}"):
            signed(nonce="n" * size)

    def test_missing_header(self):
        with pytest.raises(ValueError, match="audiohook-session-id"):
            signed(headers={name: value for name, value in IDS.items() if "Session" not in name})

    def test_tells_no_secret(self):
        with pytest.raises(ValueError, match="base64") as caught:
            signed(secret="canary!")
        assert "canary" not in str(caught.value)


def test_says_which_extra_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "http_sf", None)
    monkeypatch.delitem(sys.modules, audiohook_auth.__name__)
    monkeypatch.delattr(auth, "audiohook")
    with pytest.raises(ImportError, match=re.escape("pip install phonewire[audiohook]")):
        _ = auth.AudioHookSignature


def test_what_is_loaded_when_it_is_asked_for_is_listed():
    assert {"AudioHookSignature", "sign_audiohook"} <= set(dir(auth))
