"""``phonewire serve --workers N``: who takes the calls, who looks after them, and what an operator is told."""

import asyncio
import os
import re
import signal
import urllib.request
from pathlib import Path

import pytest

from phonewire.emulators.twilio import TwilioCaller

SPEECH = bytes(range(0x60)) * 10  # 120 ms


def page(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as response:
        return response.read().decode()


def workers_of(process):
    return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def is_there(pid):
    try:
        return "(zombie)" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):  # the second when it ends while it is read about
        return False


async def until(condition):
    async with asyncio.timeout(60):
        while not await asyncio.to_thread(condition):  # noqa: ASYNC110 - of other processes, which tell nobody
            await asyncio.sleep(0.05)


async def is_echoed(phone):
    """Say something and wait until it has come back."""
    await phone.say(SPEECH)
    async with asyncio.timeout(60):
        while SPEECH not in phone.heard:
            await phone.listen(0.02)


async def call(url):
    async with TwilioCaller(url) as phone:
        await is_echoed(phone)


async def test_workers_share_a_port_and_are_looked_after(serving):
    arguments = ("--auth", "none", "--twilio", "/twilio", "--echo", "--workers", "2", "--drain-seconds", "60")
    arguments += ("--observe", "127.0.0.1:0")
    with serving(*arguments, ready="metrics of all") as served:
        observe = int(re.search(r"of all on port ([0-9]+)", served.lines[-1]).group(1))
        url = served.url + "/twilio"
        assert "2 workers take calls\n" in served.lines
        first, second = workers_of(served.process)

        await asyncio.gather(*(call(url) for _ in range(12)))
        all_ended = 'calls_ended_total{protocol="twilio",reason="stopped"} 12.0'
        await until(lambda: all_ended in page(observe, "/metrics"))  # who has hung up does not see the call counted
        assert re.search(r"^phonewire_build_info{.*} 1\.0$", page(observe, "/metrics"), re.MULTILINE)

        os.kill(first, signal.SIGKILL)
        await asyncio.to_thread(served.read_until, "worker 0 ended with status -9; another in 0.5 s")
        await until(lambda: page(observe, "/readyz") == "2 workers are ready\n")
        told = page(observe, "/metrics")
        assert all_ended in told, "what the dead one had counted, too"
        assert "phonewire_worker_restarts_total 1.0" in told

        async with TwilioCaller(url) as phone:  # a call that outlives the worker's replacement
            served.process.send_signal(signal.SIGUSR2)
            await until(lambda: len(workers_of(served.process)) == 3)  # one of them is to replace another
            await is_echoed(phone)
        await asyncio.to_thread(served.read_until, "worker 1 was replaced")
        assert second not in workers_of(served.process)
        await call(url)
        assert await asyncio.to_thread(served.stop) == 0
    assert served.output.endswith("stopped\n")


async def test_workers_end_when_nobody_looks_after_them_any_more(serving):
    with serving("--auth", "none", "--twilio", "/twilio", "--workers", "2", ready="workers take calls") as served:
        workers = workers_of(served.process)
        served.process.kill()
        await until(lambda: not any(map(is_there, workers)))


async def test_a_ctrl_c_at_the_terminal_has_calls_said_goodbye_to(serving):
    arguments = ("--auth", "none", "--twilio", "/twilio", "--echo", "--workers", "2")
    with serving(*arguments, ready="workers take calls", before="import os; os.setpgrp()") as served:
        async with TwilioCaller(served.url + "/twilio") as phone:
            await is_echoed(phone)
            os.killpg(served.process.pid, signal.SIGINT)
            async with asyncio.timeout(60):
                while phone.close_code is None:
                    await phone.listen(0.02)
            assert phone.close_code == 1001, "not cut"
        assert await asyncio.to_thread(served.process.wait, 60) == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--auth", "none", "--voipbin-conferences", "/{id}"), "a conference lives in one process"),
        (("--auth", "none"), "a conference lives in one process"),  # there is one on its usual path
        (("--audiohook", "--key", "k", "--secret", "c2VjcmV0"), "--audiohook with --workers needs --redis"),
        (("--auth", "none", "--twilio", "/twilio", "--node", "a"), "--node and --prompts need --redis"),
        (("--auth", "none", "--twilio", "/twilio", "--redis", "nonsense"), "--redis is a URL such as"),
    ],
)
def test_what_cannot_be_shared_is_told(run, arguments, told):
    result = run("serve", "--workers", "2", *arguments)
    assert result.exit_code == 2
    assert told in " ".join(result.output.split())
