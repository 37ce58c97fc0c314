"""docs/glossary.md: sorted, each word once, every idea of the code's vocabulary, and every name is in the code."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "glossary.md").read_text()
WORDS = re.findall(r"^\| (?!word|---)(.+?) \|", PAGE, re.MULTILINE)

#: Names that travel through the public interface and stand for an idea of the field.
IDEAS = {"payload_type", "sequence_number", "extended_sequence_number", "rollover_count", "message_sequence", "ssrc"}
IDEAS |= {"csrcs", "marker", "extension", "extension_profile", "ptime_ms", "sample_rate_hz"}
IDEAS |= {"Encapsulation", "Side", "MediaFormat", "Refusal", "Rejected", "timestamp_ms"}


def test_each_word_is_there_once_and_where_one_looks_for_it():
    assert len(WORDS) > 50
    assert sorted(set(WORDS), key=str.lower) == WORDS


def test_every_name_is_in_the_code():
    code = "".join(path.read_text() for path in (ROOT / "src" / "phonewire").rglob("*.py"))
    named = set(re.findall(r"`(\w+)`", PAGE)) - {"code"}
    assert named >= IDEAS
    assert [name for name in named if not re.search(rf"\b\w*{name}\b", code)] == []
