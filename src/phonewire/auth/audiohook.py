"""Genesys AudioHook's signature: HTTP message signatures in the form of draft 11, before RFC 9421.

The structured fields are read and written by the library ``http-sf``. What is signed is put together here:
``http-message-signatures`` can do it, too, and is the oracle of the tests, but it brings a whole cryptography library
along for one HMAC, and sends an unknown key away before it has done the work of a known one.

Specification: https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-message-signatures-11 and Genesys' reference
implementation, https://github.com/purecloudlabs/audiohook-reference-implementation, both read 2026-11.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from hmac import compare_digest
from hmac import digest as hmac_digest
from typing import Any, NoReturn

from phonewire.auth.public_url import PublicUrl, split_public_url
from phonewire.auth.request import Request, Verified, verified
from phonewire.auth.secret import Secret, Secrets, same, secrets
from phonewire.errors import AuthenticationError

try:
    import http_sf
except ImportError as error:
    raise ImportError("AudioHook's signature needs http-sf: pip install phonewire[audiohook]") from error

__all__ = ["AudioHookSignature", "sign_audiohook"]

#: What a signature covers, all of it.
COMPONENTS = (
    "@request-target",
    "@authority",
    "audiohook-organization-id",
    "audiohook-session-id",
    "audiohook-correlation-id",
    "x-api-key",
)

#: How far the clocks of both ends may be apart, and how old a signature may be, both as Genesys' reference has them.
MAX_SKEW_S = 3.0
MAX_AGE_S = 10.0

#: Characters of a nonce: 128 bits in base64.
MIN_NONCE_SIZE = 22
_MAX_NONCE_SIZE = 256

# A header is never longer than this where it is genuine: four times what Genesys sends.
_MAX_FIELD_SIZE = 2048

_PARAMETERS = frozenset({"keyid", "nonce", "alg", "created", "expires"})

# What a request without any known key is checked against, so that it costs the same; nobody can sign with it.
_NOBODY = b"\0" * 32


class AudioHookSignature:
    """Genesys' key in ``X-API-KEY``, and its HTTP message signature over the handshake."""

    def __init__(self, keys: Mapping[str, Secrets | None], public_url: str | None = None) -> None:
        """Accept what was signed with the client secret of any of some API keys.

        Args:
            keys: for each API key its client secret as Genesys has it, base64; several for rotation. None lets the
                key alone be enough, which anybody can copy who sees a handshake once.
            public_url: how Genesys reaches this server through a proxy: ``https://`` or ``wss://``, host, and the path
                that the proxy takes away, if it does. None: the Host header and the path are what Genesys called.

        Raises:
            ValueError: no key is given, or an empty one; a client secret is not base64; the URL is not as above.
        """
        self._names = secrets(keys)
        self._secrets = [None if value is None else [_key(one) for one in secrets(value)] for value in keys.values()]
        self._public = None if public_url is None else split_public_url(public_url)

    def verify(self, request: Request, now_s: float) -> Verified:
        """Return which API key it was, or raise AuthenticationError.

        The nonce of what is returned must be new: whoever accepts the request has to remember it until it expires.
        """
        api_key = request.header("x-api-key") or ""
        matches = [name.matches(api_key) for name in self._names]
        known = self._secrets[matches.index(True)] if True in matches else [_NOBODY]
        if known is None:
            return _without_signature(request, verified("audiohook", matches))
        signature = _Signature(request, self._public)
        # A list, not any(): every secret is tried, whichever matched, and whatever else is wrong.
        signed = [compare_digest(hmac_digest(key, signature.base, "sha256"), signature.value) for key in known]
        who = verified("audiohook", matches)
        if True not in signed or not signature.is_sound(api_key) or not signature.is_fresh(now_s):
            _refuse()
        return replace(who, nonce=signature.nonce, expires_s=signature.expires_s)


class _Signature:
    """What a request says of its signature; whatever is wrong with its form makes a base that nobody has signed."""

    def __init__(self, request: Request, public: PublicUrl | None) -> None:
        components, self._parameters, self.value = _read(request)
        self._values = _values(components, _derived(request, public), request.header)
        self._plain = not any(parameters for _, parameters in components)
        self._once = len(self._values) == len(components)
        self.base = _base(self._values, components, self._parameters)

    @property
    def nonce(self) -> str:
        return str(self._parameters["nonce"])

    @property
    def expires_s(self) -> float:
        """When the signature is too old for everybody."""
        last = self._parameters["created"] + MAX_AGE_S
        return float(min(last, self._parameters.get("expires", last)) + MAX_SKEW_S)

    def is_sound(self, api_key: str) -> bool:
        """Say whether it covers what it must, each once, with the parameters that there are."""
        has = self._parameters
        key_id, nonce = has.get("keyid"), has.get("nonce")
        return (
            self._plain
            and self._once
            and self._values.keys() >= set(COMPONENTS)
            and None not in self._values.values()
            and has.keys() <= _PARAMETERS
            and type(key_id) is str
            and same(key_id, api_key)
            and has.get("alg", "hmac-sha256") == "hmac-sha256"
            and type(nonce) is str
            and MIN_NONCE_SIZE <= len(nonce) <= _MAX_NONCE_SIZE
            and type(has.get("created")) is int
            and type(has.get("expires", 0)) is int
        )

    def is_fresh(self, now_s: float) -> bool:
        """Say whether it was made just now, as far as two clocks can tell. Lenient where the reference is strict."""
        return self._parameters["created"] <= now_s + MAX_SKEW_S and now_s <= self.expires_s


def sign_audiohook(
    api_key: str | Secret,
    client_secret: str | Secret,
    *,
    authority: str,
    target: str,
    headers: Mapping[str, str],
    nonce: str,
    created_s: int,
    expires_s: int | None = None,
) -> dict[str, str]:
    """Return the headers that sign a handshake as Genesys does: ``Signature-Input`` and ``Signature``.

    Args:
        api_key: goes into the header ``X-API-KEY``, which the caller adds.
        client_secret: base64, as Genesys has it.
        authority: host, and port where it is not the scheme's own.
        target: path and query.
        headers: the three ``Audiohook-…-Id`` headers, in any case.
        nonce: of 22 to 256 characters; never the same again.
        created_s: Unix time, whole seconds.
        expires_s: Unix time; None for 30 s after *created_s*.

    Raises:
        ValueError: a header is missing, the nonce has another size, or the secret is not base64.
    """
    if not MIN_NONCE_SIZE <= len(nonce) <= _MAX_NONCE_SIZE:
        raise ValueError(f"a nonce has {MIN_NONCE_SIZE} to {_MAX_NONCE_SIZE} characters, got {len(nonce)}")
    key_id = api_key.reveal() if isinstance(api_key, Secret) else api_key
    components = [(name, dict[str, Any]()) for name in COMPONENTS]
    known = {name.lower(): value for name, value in headers.items()} | {"x-api-key": key_id}
    values = _values(components, {"@request-target": target, "@authority": _authority(authority)}, known.get)
    if missing := [name for name, value in values.items() if value is None]:
        raise ValueError(f"the signature covers {', '.join(missing)}: not among the headers")
    parameters = {"keyid": key_id, "nonce": nonce, "alg": "hmac-sha256", "created": created_s}
    parameters["expires"] = created_s + 30 if expires_s is None else expires_s
    secret = client_secret if isinstance(client_secret, Secret) else Secret(client_secret)
    value = hmac_digest(_key(secret), _base(values, components, parameters), "sha256")
    return {
        "Signature-Input": f"sig1={_described(components, parameters)}",
        "Signature": f"sig1=:{b64encode(value).decode('ascii')}:",
    }


Components = list[tuple[str, dict[str, Any]]]
Parameters = dict[str, Any]


def _read(request: Request) -> tuple[Components, Parameters, bytes]:
    """Return what is covered, the parameters, and the signature; nothing at all where the two fields do not match."""
    described = _dictionary(request.header("signature-input"))
    signed = _dictionary(request.header("signature"))
    # One signature under one name: of several it would not be clear whose word counts.
    if len(described) != 1 or described.keys() != signed.keys():
        return [], {}, b""
    (inner,), (item,) = described.values(), signed.values()
    if not isinstance(inner[0], list) or not isinstance(item[0], bytes) or item[1]:
        return [], {}, b""
    if not all(type(name) is str for name, _ in inner[0]):
        return [], {}, b""
    return inner[0], inner[1], item[0]


def _dictionary(field: str | None) -> dict[str, Any]:
    """Return a structured field; empty where it is missing, too long, malformed, or has a name twice."""
    if not field or len(field) > _MAX_FIELD_SIZE or not field.isascii():
        return {}
    try:
        found = http_sf.parse(field.encode("ascii"), tltype="dictionary", on_duplicate_key=_twice)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _twice(key: str, _context: str) -> NoReturn:
    raise ValueError(key)


def _derived(request: Request, public: PublicUrl | None) -> dict[str, str]:
    """Return the components that are no headers."""
    host, prefix = public or (request.header("host") or "", "")
    return {"@request-target": prefix + request.target, "@authority": _authority(host)}


def _values(
    components: Components, derived: Mapping[str, str], header: Callable[[str], str | None]
) -> dict[str, str | None]:
    """Return the value of each component, in their order; None where there is none."""
    names = [name for name, _ in components]
    return {name: derived.get(name) or header(name) for name in names}


def _base(values: Mapping[str, str | None], components: Components, parameters: Parameters) -> bytes:
    """Return what is signed: a line for each component, in the order in which they were named, and the parameters."""
    lines = [f'"{name}": {value}' for name, value in values.items()]
    lines.append(f'"@signature-params": {_described(components, parameters)}')
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def _described(components: Components, parameters: Parameters) -> str:
    inner: Any = (components, parameters)
    return http_sf.ser([inner])


def _authority(host: str) -> str:
    return host.lower().removesuffix(":443")


def _key(client_secret: Secret) -> bytes:
    try:
        key = b64decode(client_secret.reveal(), validate=True)
    except ValueError:
        raise ValueError("a client secret is base64, as Genesys shows it") from None
    # An HMAC takes an empty key for zeros, which anybody can sign with.
    if not key.strip(b"\0"):
        raise ValueError("a client secret has at least 1 byte that is not 0")
    return key


def _without_signature(request: Request, who: Verified) -> Verified:
    # Somebody who signs believes in a secret that is not ours.
    if request.header("signature") is not None or request.header("signature-input") is not None:
        _refuse()
    return who


def _refuse() -> NoReturn:
    raise AuthenticationError("the request is not authentic")
