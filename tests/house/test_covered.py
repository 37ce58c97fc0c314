"""What `make coverage` judges is there, and nothing that it should judge is left out."""

from pathlib import Path

import pytest

from tests.covered import OWN_TESTS

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "phonewire"


@pytest.mark.parametrize("module", OWN_TESTS)
def test_the_tests_of_a_module_are_where_they_are_looked_for(module):
    assert all(any(ROOT.glob(pattern)) for pattern in OWN_TESTS[module])
    assert any(SOURCE.glob(module)) or (SOURCE / f"{module}.py").exists()


def test_every_engine_is_judged_by_its_own_tests():
    engines = {f"protocols/{path.parent.name}" for path in (SOURCE / "protocols").glob("*/__init__.py")}
    assert engines <= set(OWN_TESTS)
