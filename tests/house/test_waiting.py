"""Who is cancelled while he waits must notice."""

import ast
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "phonewire"


def test_nothing_waits_with_wait_for():
    """Before Python 3.12 it loses a cancellation that comes just as what it waits for happens: asyncio.timeout."""
    found = [
        f"{path.relative_to(SOURCE)}:{node.lineno}"
        for path in sorted(SOURCE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "asyncio.wait_for"
    ]
    assert found == []
