"""The pages hang together: no link is dead, and the reference has every public module; `make docs` sees to the rest."""

import pkgutil
import re
from pathlib import Path

import pytest

import phonewire
from phonewire import protocols

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [*sorted(DOCS.glob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"]

# Not for users to import: the command, the call layer (its names are those of `phonewire`), and the test plugin.
NOT_IN_THE_REFERENCE = {"cli", "aio", "load", "pytest_plugin", "errors", "url", "protocols", "emulators"}


def anchor(heading):
    return re.sub(r"[^\w -]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_link_is_dead(page):
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http://", "https://")):
            continue
        name, _, fragment = target.partition("#")
        linked = (page.parent / name).resolve() if name else page
        assert linked.exists(), target
        if fragment:
            headings = re.findall(r"^#+ (.*)", linked.read_text(), re.MULTILINE)
            assert fragment in map(anchor, headings), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_is_named_is_there(page):
    for name in re.findall(r"`((?:docs|examples|tests|src|native)/[\w./-]+\w)/?`", page.read_text()):
        assert (ROOT / name).exists(), name


def test_the_reference_has_every_public_module():
    listed = set(re.findall(r"automodule:: (\S+)", (DOCS / "reference.md").read_text()))
    public = {f"phonewire.{found.name}" for found in pkgutil.iter_modules(phonewire.__path__)}
    wanted = {name for name in public if name.split(".")[1] not in NOT_IN_THE_REFERENCE and "._" not in name}
    assert wanted | {"phonewire"} <= listed
    for found in pkgutil.iter_modules(protocols.__path__):
        if found.ispkg:
            assert f"phonewire.protocols.{found.name}" in listed
