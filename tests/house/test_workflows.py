"""What workflows may do: nothing that is not written out, no code that can change under them, and no end of time."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
READ_ONLY = {"contents: read"}
# By workflow, what else its jobs are allowed, and for what.
ALLOWED = {"release.yml": {"id-token: write", "attestations: write"}}  # publishing without a stored secret


def jobs(text):
    """Return the text of each job."""
    return re.split(r"^  (?=[\w-]+:$)", text.partition("\njobs:\n")[2], flags=re.MULTILINE)[1:]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_actions_are_pinned_by_commit(path):
    for used in re.findall(r"uses: (\S+)(.*)", path.read_text()):
        assert used[0].startswith("./") or re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", used[0]), used
        assert used[0].startswith("./") or re.fullmatch(r" # v\d+\.\d+\.\d+", used[1]), used


def test_an_action_is_one_commit_everywhere():
    used = {each for path in FILES for each in re.findall(r"uses: ([^@\s]+)@(\w+)", path.read_text())}
    assert len(used) == len({action for action, _ in used})


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_nothing_is_allowed_that_is_not_written_out(path):
    text = path.read_text()
    assert "\npermissions: {}\n" in text
    assert "pull_request_target" not in text
    assert not re.search(r"\bsecrets\.", text)
    for job in jobs(text):
        assert "    permissions:\n" in job, job
        allowed = set(re.findall(r"^      ([\w-]+: (?:read|write))", job, re.MULTILINE))
        assert allowed <= READ_ONLY | ALLOWED.get(path.name, set()), job
        assert job.count("actions/checkout@") == job.count("persist-credentials: false")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_job_comes_to_an_end(path):
    found = jobs(path.read_text())
    assert found
    for job in found:
        assert "timeout-minutes: " in job or "    uses: ./" in job, job


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_workflows_are_short(path):
    assert len(path.read_text().splitlines()) <= 120


def test_what_is_published_is_built_without_a_cache():
    for name in ("release.yml", "wheels.yml"):
        assert "cache" not in (ROOT / ".github" / "workflows" / name).read_text()


def test_workflows_run_verbs_that_there_are():
    verbs = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for path in FILES:
        for line in re.findall(r"run: make (.*)", path.read_text()):
            named = {word for word in line.split() if "=" not in word and "$" not in word}
            assert named <= verbs, (path.name, line)


def test_every_run_of_the_tests_is_made():
    """What `make test` runs, `make test-native` for its four parts, and what `make test` leaves out."""
    makefile, workflow = (ROOT / "Makefile").read_text(), "".join(path.read_text() for path in FILES)
    verbs = re.findall(r"^(test-[a-z-]+):(.*)", makefile, re.MULTILINE)
    (matrix,) = re.findall(r"^        run: \[(.*)\]\n(?:.*\n)*?.*run: make test-\$RUN$", workflow, re.MULTILINE)
    made = {f"test-{each}" for each in matrix.split(", ")} | set(re.findall(r"run: make (test-[a-z-]+)\n", workflow))
    parts = {part for verb, needs in verbs if verb in made for part in needs.split()}
    assert {verb for verb, _ in verbs} - made - parts == set()


def test_build_tools_are_pinned_by_hash():
    lines = (ROOT / "tests" / "wheels" / "build-requirements.txt").read_text().splitlines()
    pinned = [line for line in lines if line and not line.startswith("#")]
    assert pinned
    assert all(re.fullmatch(r"[\w-]+==[\w.]+( --hash=sha256:[0-9a-f]{64})+", line) for line in pinned)
