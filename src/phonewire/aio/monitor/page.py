"""The monitor's page, and what a browser is told of it."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

__all__ = ["HEADERS", "PAGE", "page_headers"]

PAGE = Path(__file__).with_name("page.html").read_bytes()

#: Of every answer: nobody keeps it, guesses what it is, passes its URL on, or shows it within a page of his.
HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def page_headers(host: str) -> dict[str, str]:
    """Return the headers of the page: only its own script and style run, and only its own feed can be asked.

    Args:
        host: name and port by which it was asked for, which have been checked.
    """
    rules = [
        "default-src 'none'",
        f"script-src {_SCRIPTS}",
        f"style-src {_STYLES}",
        "img-src data:",
        f"connect-src ws://{host}",  # not every browser takes 'self' for WebSockets, too
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
    return HEADERS | {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": "; ".join(rules)}


def _hashes(element: str) -> Iterator[str]:
    """Yield what a policy calls the text of each *element* of the page."""
    for text in re.findall(rf"<{element}>(.*?)</{element}>".encode(), PAGE, re.DOTALL):
        yield f"'sha256-{base64.b64encode(hashlib.sha256(text).digest()).decode()}'"


_SCRIPTS, _STYLES = " ".join(_hashes("script")), " ".join(_hashes("style"))
