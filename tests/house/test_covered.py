"""What `make coverage` judges is there, and nothing that it should judge is left out."""

from pathlib import Path

import pytest
from coverage import CoverageData

from phonewire._pure.polyphase import polyphase
from tests.covered import OWN_TESTS, contexts
from tests.covered import __main__ as covered

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "phonewire"


@pytest.mark.parametrize("module", OWN_TESTS)
def test_the_tests_of_a_module_are_where_they_are_looked_for(module):
    assert all(any(ROOT.glob(pattern)) for pattern in OWN_TESTS[module])
    assert any(SOURCE.glob(module)) or (SOURCE / f"{module}.py").exists()


def test_every_engine_is_judged_by_its_own_tests():
    engines = {f"protocols/{path.parent.name}" for path in (SOURCE / "protocols").glob("*/__init__.py")}
    assert engines <= set(OWN_TESTS)


def test_every_module_is_judged_by_its_own_tests():
    modules = {path for package in ("_pure", "auth", "rtp") for path in (SOURCE / package).glob("*.py")}
    names = {path.relative_to(SOURCE).with_suffix("").as_posix() for path in modules if path.stem != "__init__"}
    assert names <= set(OWN_TESTS)


def test_what_another_test_file_had_worked_out_is_not_kept():
    polyphase(8000, 16000)
    contexts._forget()
    assert polyphase.cache_info().currsize == 0


@pytest.fixture
def judged(tmp_path, monkeypatch):
    """Judge a module of two branches, each run by a test file of its own, by some of these files."""
    folder = tmp_path / "src" / "phonewire"
    folder.mkdir(parents=True)
    (folder / "sign.py").write_text("def sign(x):\n    if x < 0:\n        return -1\n    return 1\n")
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    ran = {"": [(-1, 1), (1, -1)], "tests/test_low.py": [(-1, 2), (2, 3), (3, -1)]}
    ran["tests/test_high.py"] = [(-1, 2), (2, 4), (4, -1)]
    data = CoverageData(str(tmp_path / ".coverage"))
    for context, arcs in ran.items():
        data.set_context(context)
        data.add_arcs({"src/phonewire/sign.py": arcs})
    data.write()
    monkeypatch.setattr(covered, "ROOT", tmp_path)
    monkeypatch.setattr(covered, "SOURCE", folder)
    monkeypatch.chdir(tmp_path)

    def judge(module, *tests):
        monkeypatch.setattr(covered, "OWN_TESTS", {module: list(tests)})
        return covered.judge([module])

    return judge


def test_what_all_of_its_own_tests_run_is_covered(judged):
    assert judged("sign", "tests/test_low.py", "tests/test_high.py") == []
    assert judged("sign", "tests/test_*") == []


def test_what_only_another_test_runs_is_not_covered(judged):
    (line,) = judged("sign", "tests/test_low.py")
    assert line.startswith("src/phonewire/sign.py")
    assert line.endswith("by sign's own tests")


def test_what_nobody_has_imported_is_not_covered(judged, tmp_path):
    (tmp_path / "src" / "phonewire" / "other.py").write_text('"""Other."""\n\nCOUNT = 1\n')
    assert judged("other", "tests/test_*") == ["src/phonewire/other.py  was never imported"]
