"""The examples of docs/testing.md, run as they stand."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"

pytest_plugins = ["pytester"]


def test_the_examples_pass(pytester):
    examples = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    pytester.makepyfile("\n".join(examples))
    pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:asyncio").assert_outcomes(passed=4)


def test_every_fixture_is_in_the_table():
    from phonewire import pytest_plugin

    listed = set(re.findall(r"^\| `(\w+)` \|", PAGE.read_text(), re.MULTILINE))
    assert listed == set(pytest_plugin.__all__)
