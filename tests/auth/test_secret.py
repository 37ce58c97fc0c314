"""Secrets: not shown, not stored, and compared by what takes the same time for all of them."""

import ast
import pickle
import re
from pathlib import Path

import pytest

from phonewire import auth
from phonewire.auth import ApiKey, Request, Secret, TwilioSignature
from phonewire.errors import AuthenticationError


class TestSecrets:
    def test_are_not_shown(self):
        canary = "c4n4ry-7f3"
        secret = Secret(canary)
        request = Request("GET", f"/a?token={canary}", {"apikey": canary}, {"x": canary})
        shown = [
            repr(secret),
            str(secret),
            f"{secret}",
            f"{secret!r:>10}",
            repr([secret]),
            repr(request),
            repr(ApiKey(canary)),
            repr(TwilioSignature(canary)),
            repr(vars(ApiKey(canary))),
        ]
        assert not [text for text in shown if canary in text]
        assert str(secret) == "***"
        assert secret.reveal() == canary

    def test_are_not_pickled(self):
        with pytest.raises(TypeError, match="pickled"):
            pickle.dumps(Secret("x"))

    def test_do_not_say_more_by_their_errors(self):
        with pytest.raises(AuthenticationError) as caught:
            ApiKey("c4n4ry").verify(Request("GET", "/", {"apikey": "guess"}), 0.0)
        assert "c4n4ry" not in str(caught.value)
        assert "guess" not in str(caught.value)


SECRET_NAME = re.compile(r"secret|auth_token|api_?key|signature|password|digest$", re.IGNORECASE)


def compared_secrets(source):
    """Yield the lines that compare something named like a secret with == or !=."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
            sides = [node.left, *node.comparators]
            if any(isinstance(side, ast.Constant) and isinstance(side.value, int) for side in sides):
                continue  # a number is no secret
            named = [
                n.id if isinstance(n, ast.Name) else n.attr
                for side in sides
                for n in ast.walk(side)
                if isinstance(n, ast.Name | ast.Attribute)
            ]
            if any(SECRET_NAME.search(name) for name in named):
                yield node.lineno


def test_no_secret_is_compared_with_equals():
    assert list(compared_secrets("signature == self.x\na != b._secret\nx is secret\nsignature == 401")) == [
        1,
        2,
    ]
    found = {}
    for path in Path(auth.__file__).parent.rglob("*.py"):
        if lines := list(compared_secrets(path.read_text(encoding="utf-8"))):
            found[path.name] = lines
    assert found == {}
