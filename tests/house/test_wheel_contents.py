"""What looks into wheels lets none pass that lacks a file, or has one too many, whatever the platform is."""

import sys
import zipfile

import pytest

from tests.wheels import FailedError, contents

METADATA = [f"phonewire-1.dist-info/{name}" for name in ("METADATA", "RECORD", "WHEEL", "licenses/LICENSE")]
METADATA += [f"phonewire-1.dist-info/{name}" for name in ("entry_points.txt", "top_level.txt")]
PYTHON = ["phonewire/__init__.py", "phonewire/py.typed"]
NATIVE = {
    "cp313-cp313-manylinux_2_28_x86_64": ["{}.cpython-313-x86_64-linux-gnu.so"],
    "cp313-cp313-macosx_11_0_arm64": ["{}.cpython-313-darwin.so"],
    "cp313-cp313-win_amd64": ["{}.cp313-win_amd64.pyd"],
    "py3-none-any": [],
}


@pytest.fixture
def tree(tmp_path):
    """A package with one extension, after a build in place."""
    folder = tmp_path / "src" / "phonewire" / "_native"
    folder.mkdir(parents=True)
    for path in (*(folder.parents[1] / name for name in PYTHON), folder / "g711.pyx", folder / "g711.c"):
        path.touch()
    return tmp_path


@pytest.fixture
def wheel(tmp_path):
    def make(tag, names):
        path = tmp_path / f"phonewire-1-{tag}.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(name, b"12345")
        return path

    return make


def files(tag):
    extensions = [f"phonewire/_native/{form.format(name)}" for form in NATIVE[tag] for name in ("g711", "_cython")]
    return [*METADATA, *PYTHON, *extensions]


@pytest.mark.parametrize("tag", NATIVE)
def test_a_wheel_with_everything_passes(tree, wheel, tag):
    names = files(tag)
    path = wheel(tag, names)
    assert contents.check(path, tree) == (path.stat().st_size, 5 * len(names))


@pytest.mark.parametrize("tag", NATIVE)
def test_each_file_is_missed_and_no_other_passes(tree, wheel, tag):
    for name in files(tag):
        with pytest.raises(FailedError, match=r"missing: \['[^']+'\]; not expected: \[\]"):
            contents.check(wheel(tag, [each for each in files(tag) if each != name]), tree)
    suffix = ".so" if "win" in tag else ".pyd"  # of another platform
    for name in [f"phonewire/_native/g711.cp313{suffix}", "phonewire/_native/g711.c", "tests/__init__.py"]:
        with pytest.raises(FailedError, match=r"not expected: \['"):
            contents.check(wheel(tag, [*files(tag), name]), tree)


def test_a_wheel_that_is_too_large_does_not_pass(tree, wheel, monkeypatch):
    monkeypatch.setattr(contents, "MOST_INSTALLED_BYTES", 39)
    with pytest.raises(FailedError, match="40 installed; at most 1,000,000 and 39"):
        contents.check(wheel("py3-none-any", files("py3-none-any")), tree)


def test_the_command_says_which_wheel_is_wrong(tree, wheel, monkeypatch, capsys):
    good, bad = wheel("py3-none-any", files("py3-none-any")), wheel("cp313-cp313-win_amd64", METADATA)
    monkeypatch.setattr(contents, "ROOT", tree)
    monkeypatch.setattr(sys, "argv", ["contents", str(good), str(bad)])
    with pytest.raises(SystemExit, match=f"FAILED: {bad.name}: missing: "):
        contents.main()
    assert capsys.readouterr().out == f"{good.name}: {good.stat().st_size:,} bytes, 40 installed\n"
