"""The pages, as tests read them."""

import re
from pathlib import Path

__all__ = ["DOCS", "ROOT", "code", "commands", "page", "top_level"]

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def page(name):
    """Return the text of a page of docs/."""
    return (DOCS / name).read_text()


_BLOCK = re.compile(r"^( *)```(\S*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)


def code(text, language):
    """Return the blocks of a language ("" for commands), without the indentation of the list that they stand in."""
    blocks = [(indent, block) for indent, named, block in _BLOCK.findall(text) if named == language]
    return [re.sub(rf"^{indent}", "", block, flags=re.MULTILINE) for indent, block in blocks]


def top_level(source, name):
    """Run a program of a page as a module, and return its names."""
    names = {"__name__": name}
    exec(compile(source, name, "exec"), names)
    return names


def commands(text):
    """Return each line that a shell is to run, those that go on in the next line joined."""
    lines = "\n".join(code(text, "")).replace("\\\n", " ").splitlines()
    return [line.strip() for line in lines if line.strip()]
