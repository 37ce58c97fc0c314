"""Lines about peers: nobody writes lines of their own, and nobody writes many."""

import asyncio
import io
import json
import logging
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from phonewire.aio.observe.log import PeerLog, escape

HOSTILE = "\r\n\x1b[31m\x00\x85\x9b\u202e\u2028\u2029\ufeff\ud800é😀\\ {peer}%s"


@given(st.text(st.characters() | st.sampled_from(HOSTILE), max_size=300))
@example("x" * 128)
@example("x" * 129)
@example("\n" * 32)
@example("\n" * 128)
@example(HOSTILE * 9)
def test_what_is_escaped_is_one_short_printable_word(text):
    escaped = escape(text)
    assert re.fullmatch(r"[ -~]{0,128}", escaped)
    if not escaped.endswith("..."):
        assert escaped.encode().decode("unicode_escape") == text  # nothing else reads the same


class Lines:
    """What a logger wrote, and its records."""

    def __init__(self):
        self.records = []
        self.stream = io.StringIO()
        self.logger = logging.Logger("test")
        self.logger.addHandler(logging.StreamHandler(self.stream))
        self.logger.addFilter(lambda record: self.records.append(record) or True)

    @property
    def text(self):
        return self.stream.getvalue().splitlines()


@pytest.fixture
def lines():
    return Lines()


def test_a_hostile_peer_writes_one_line_for_one_record(virtual, lines):
    async def main():
        log = PeerLog(lines.logger)
        for n, character in enumerate(HOSTILE):
            hostile = f"{character}{HOSTILE}" * 20
            log.write(logging.INFO, "refused", f"10.0.0.{n}", "{peer} on {path}", {"peer": hostile, "path": hostile})
        log.close()

    virtual(main())
    assert len(lines.text) == len(lines.records) == len(HOSTILE)
    assert all(re.fullmatch(r"[ -~]{1,128} on [ -~]{1,128}", line) for line in lines.text)


def test_a_record_carries_its_fields(virtual, lines):
    async def main():
        log = PeerLog(lines.logger)
        log.write(logging.WARNING, "refused", "10.0.0.1", "{peer}: {n}", {"peer": "a\nb", "n": 7, "path": None})
        log.close()

    virtual(main())
    (record,) = lines.records
    assert (record.event, record.peer, record.n, record.path) == ("refused", "a\\nb", 7, None)
    assert record.getMessage() == "a\\nb: 7"
    assert json.dumps([record.event, record.peer, record.n, record.path])


def test_a_peer_gets_ten_lines_a_second_and_a_summary(virtual, lines):
    async def main():
        log = PeerLog(lines.logger)
        for _ in range(3):
            for _ in range(1000):
                log.write(logging.INFO, "refused", "10.0.0.1", "line", {})
            log.write(logging.INFO, "refused", "10.0.0.2", "other", {})
            await asyncio.sleep(1.001)
        assert log.suppressed == 3 * 990
        log.close()

    virtual(main())
    assert lines.text == [*["line"] * 10, "other", "990 more lines about 10.0.0.1"] * 3
    assert [record.lines for record in lines.records if record.event == "lines_suppressed"] == [990] * 3


def test_what_was_left_out_is_said_when_the_server_closes(virtual, lines):
    async def main():
        log = PeerLog(lines.logger)
        for _ in range(12):
            log.write(logging.INFO, "refused", "10.0.0.1", "line", {})
        log.close()
        assert not [timer for timer in asyncio.get_running_loop()._scheduled if not timer.cancelled()]

    virtual(main())
    assert lines.text[-1] == "2 more lines about 10.0.0.1"


def test_many_peers_do_not_fill_the_memory(virtual, lines):
    async def main():
        log = PeerLog(lines.logger)
        for n in range(5000):
            log.write(logging.INFO, "refused", str(n), "line", {})
        assert len(log._second) == 1000
        log.close()

    virtual(main())
    assert len(lines.text) == 5000


def test_levels_that_are_off_cost_nothing(virtual, lines):
    async def main():
        log = PeerLog(lines.logger)
        lines.logger.setLevel(logging.WARNING)
        for _ in range(100):
            log.write(logging.INFO, "refused", "10.0.0.1", "line", {})
        assert not log._second
        assert log.suppressed == 0

    virtual(main())
    assert lines.text == []
