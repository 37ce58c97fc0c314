"""The wall clock jumps (NTP, a machine that was asleep); it is read only where people or other machines need it."""

import ast
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "phonewire"

WALL_CLOCKS = {
    "time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.ctime", "time.strftime",
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today",
}  # fmt: skip

# By module, what it needs the wall clock for.
ALLOWED = {
    "aio/call/audiohook_session.py": {"time.time"},  # signs a handshake
    "aio/server/webhook.py": {"time.time"},  # the age of a signature
    "aio/cluster/nonces.py": {"time.time"},  # until when a signature is good
    "aio/server/gate.py": {"time.time"},  # the age of a signature
    "aio/client/dialing.py": {"time.time"},  # Retry-After may be a date
    "aio/client/http_request.py": {"time.time"},  # Retry-After may be a date
    "cli/doctor/certificate.py": {"time.time"},  # how long it is good
    "cli/doctor/far_end.py": {"time.time"},  # compared with that of others
    "aio/recording/retention.py": {"time.time"},  # the age of a file
    "aio/recording/file.py": {"datetime.now"},  # the name of a file
    "aio/recording/sidecar.py": {"datetime.now"},  # when a call was
}


def wall_clocks(tree):
    """Return the wall clocks that a module names."""
    named = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    named |= {
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }  # fmt: skip
    return {name for clock in WALL_CLOCKS for name in named if f".{name}".endswith(f".{clock}")}


def test_the_wall_clock_is_read_for_signatures_names_and_dates_only():
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        if clocks := wall_clocks(ast.parse(path.read_text())):
            found[path.relative_to(SOURCE).as_posix()] = clocks
    assert found == ALLOWED


def test_each_way_to_name_one_is_found():
    program = "import time, datetime\nfrom time import time_ns\ntime.time()\ndatetime.datetime.now()\ntime.monotonic()"
    assert wall_clocks(ast.parse(program)) == {"time.time", "time.time_ns", "datetime.datetime.now"}
