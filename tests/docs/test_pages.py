"""The pages hang together: no link is dead, and no page is left out; `make docs` sees to the rest."""

import re
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
OTHERS = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "native/README.md", "examples/audio/README.md")
OURS = "https://github.com/phonewire/phonewire/blob/main/"  # what README has, which PyPI shows, too
PAGES = [*sorted(DOCS.glob("*.md")), *(ROOT / name for name in OTHERS)]


def in_the_tree(page, target):
    """Return the file that a link leads to; None when that is not ours."""
    if target.startswith(OURS):
        return ROOT / target.removeprefix(OURS)
    return None if target.startswith(("http:", "https:")) else (page.parent / target).resolve()


# As GitHub and MyST make them, which differ for headings that come twice: no page has one.
def anchor(heading):
    return re.sub(r"[^\w -]", "", heading.strip().lower()).replace(" ", "-")


def without_blocks(page):
    return re.sub(r"^( *)```.*?^\1```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)


def anchors(page):
    return [anchor(heading) for heading in re.findall(r"^#+ (.*)", without_blocks(page), re.MULTILINE)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_link_is_dead(page):
    text = without_blocks(page)
    for target in re.findall(r"\]\(([^)]*)\)", text) + re.findall(r"^\[[^\]]+\]: (\S+)", text, re.MULTILINE):
        assert re.fullmatch(r"\S+", target), f"a link to {target!r}"
        name, _, fragment = target.partition("#")
        linked = in_the_tree(page, name) if name else page
        if linked is None:
            continue
        assert linked.exists(), target
        if fragment:
            assert anchors(linked).count(fragment) == 1, target


def test_the_readme_can_be_read_where_no_other_file_is():
    """PyPI shows it alone: a path would lead nowhere."""
    text = without_blocks(ROOT / "README.md")
    targets = dict(re.findall(r"^\[([^\]]+)\]: (\S+)$", text, re.MULTILINE))
    assert set(re.findall(r"\]\[([^\]]+)\]", text)) == set(targets)
    assert not re.findall(r"\]\((?!https:)", text)
    assert all(target.startswith("https://") for target in targets.values())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert OURS.startswith(project["urls"]["Source"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_urls_of_others_are_well_formed(page):
    for url in re.findall(r"\bhttps?://[^\s)>`\"]+", without_blocks(page)):
        parts = urlsplit(url)
        assert parts.scheme == "https" or parts.hostname == "127.0.0.1", url
        assert parts.hostname, url
        assert "." in parts.hostname, url


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_heading_comes_twice(page):
    if page.name != "CHANGELOG.md":
        found = anchors(page)
        assert sorted(found) == sorted(set(found))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_program_is_run_by_a_test(page):
    """By one that reads the page, which is then held to run what is in it."""
    if "```python" in page.read_text():
        tests = [path.read_text() for path in (ROOT / "tests").rglob("test_*.py") if path != Path(__file__)]
        assert any(f'"{name}"' in test for test in tests for name in (page.name, page.stem))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_is_named_is_there(page):
    for name in re.findall(r"`((?:docs|examples|tests|src|native)/[\w./-]+\w)/?`", page.read_text()):
        assert (ROOT / name).exists(), name


def test_the_index_has_every_page_once():
    listed = re.findall(r"^[a-z][\w-]+$", (DOCS / "index.md").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(path.stem for path in DOCS.glob("*.md") if path.stem != "index")


def test_the_readme_has_every_example():
    text = (ROOT / "README.md").read_text()
    shown = {"first_bot", "call_first_bot"}  # in full
    parts = {"fake_realtime_model", "spoken", "turns"}  # of others
    for path in (ROOT / "examples").glob("*.py"):
        assert path.stem in shown | parts or f"`{path.name}`" in text, path.name
