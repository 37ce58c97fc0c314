"""What a server's process uses, as the system tells, while it is loaded."""

import os
import subprocess
import sys

import pytest

from phonewire.load.tally import Tally
from phonewire.load.usage import Usage
from phonewire.load.watch import Watch

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc: Linux")


def test_a_server_that_ends_is_watched_no_more():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as server:
        watch = Watch(Tally(), server.pid)
        assert watch.turn().server_bytes > 0
        server.communicate()
        ended = watch.turn()
    assert (ended.server_cpu, ended.server_bytes) == (None, None)
    assert watch.turn().server_cpu is None


def test_what_a_process_uses_is_what_it_says_itself():
    usage = Usage(os.getpid())
    sum(range(10**6))
    own_s = sum(os.times()[:4])  # with its children that have ended
    assert abs(usage.cpu_s() - own_s) < 0.05 + 0.05 * own_s
    assert usage.resident_bytes() > 10**7


def test_what_a_process_uses_is_also_what_those_use_that_it_has_started():
    busy = "import time\nwhile time.process_time() < 0.5: pass\nprint('worked', flush=True)\ninput()"
    idle = (
        f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {busy!r}])\nprint('over', flush=True)\ninput()"
    )
    command = [sys.executable, "-c", idle]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        assert process.stdout.readline() == "worked\n"
        usage = Usage(process.pid)
        with_child_s, with_child_bytes = usage.cpu_s(), usage.resident_bytes()
        assert with_child_s >= 0.45
        process.stdin.write("\n")
        assert process.stdout.readline() == "over\n"
        assert usage.cpu_s() >= with_child_s, "what was used stays used"
        assert usage.resident_bytes() < with_child_bytes
        process.stdin.write("\n")
