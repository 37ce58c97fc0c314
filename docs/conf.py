"""How the documents become pages: ``make docs``."""

from __future__ import annotations

import enum
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

from sphinx.pycode import ModuleAnalyzer
from sphinx.util import logging

import phonewire

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

project = "phonewire"
author = "The phonewire developers"
copyright = author  # noqa: A001 - Sphinx calls it so
release = phonewire.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = f"phonewire {release}"
exclude_patterns = ["_build"]

myst_heading_anchors = 3

# Docstrings have names in single backticks; they are shown as code.
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
# What comes from a base of ours is listed; what comes from these is in the pages of Python and msgspec.
OTHERS = "BaseException, Enum, ImportError, Protocol, Struct, _UnixSelectorEventLoop, int, str, tuple"
autodoc_default_options = {
    "members": True,
    "undoc-members": False,
    "inherited-members": OTHERS,
    "show-inheritance": True,
}
suppress_warnings = ["ref.python"]  # the annotation `type` is the builtin, not one of the attributes of that name
# Google's sections, and one of our own.
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_custom_sections = ["Source"]

LONG = 80  # characters of a value that are shown
OF_THE_CALL_LAYER = ("phonewire.aio", "phonewire.cli")  # what is public there is a name of `phonewire`
# What others of ours ask of an object, and users never do.
FOR_US = {f"Recording.{name}" for name in ("end", "full", "heard", "room", "sent")}
# AudioHook's engine is made of several modules; `Connection` says what is public.
FOR_US |= {
    f"Session.{name}"
    for name in ("allows", "carry", "check", "end", "goodbye", "move", "moves", "say", "say_audio", "skipped")
}


def setup(app: Sphinx) -> None:
    """Have autodoc list what it would leave out, and the build fail where a public name is not listed."""
    app.connect("builder-inited", lambda _: lend_comments())
    app.connect("autodoc-skip-member", list_or_skip)
    app.connect("env-check-consistency", tell_what_is_missing)


def lend_comments() -> None:
    """Have a package say of a constant what the module in it says (``#:``) that the constant comes from."""
    for package in packages():
        own = comments(package.__name__)
        for part in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            for (owner, name), lines in comments(part.name).items():
                if not owner and name in package.__all__ and ("", name) not in own:
                    hidden = ["", ":meta hide-value:"] if len(repr(getattr(package, name))) > LONG else []
                    own["", name] = [*lines, *hidden, ""]


def packages() -> Iterator[ModuleType]:
    """Yield each package whose names come from the modules in it."""
    for found in pkgutil.walk_packages(phonewire.__path__, "phonewire.", onerror=print):
        if found.ispkg and "._" not in found.name and not found.name.startswith(OF_THE_CALL_LAYER):
            package = importlib.import_module(found.name)
            if hasattr(package, "__all__"):
                yield package


def comments(module: str) -> dict[tuple[str, str], list[str]]:
    """Return what a module says of its constants and attributes, by class and name, for autodoc to read."""
    analyzer = ModuleAnalyzer.for_module(module)
    analyzer.analyze()
    return analyzer.attr_docs


def list_or_skip(_app: Sphinx, _what: str, name: str, each: Any, _skip: bool, _options: Any) -> bool | None:
    """List the members of an enum, though few of them have a text of their own; skip what is for us."""
    if isinstance(each, enum.Enum):
        return name.startswith("_")
    return True if is_for_us(each) else None


def is_for_us(member: Any) -> bool:
    """Say whether a method or property is not for users."""
    return getattr(getattr(member, "fget", member), "__qualname__", "") in FOR_US


def tell_what_is_missing(_app: Sphinx, env: BuildEnvironment) -> None:
    """Warn of each name in ``__all__`` of a module of the reference, and of each member of a class, that it lacks."""
    domain = env.domaindata["py"]
    values = {name: value_of(name) for name, entry in domain["objects"].items() if not entry.aliased}
    elsewhere = {id(value) for value in values.values() if inspect.isclass(value) or inspect.isroutine(value)}
    for module in domain["modules"]:
        for name in getattr(importlib.import_module(module), "__all__", ()):
            full = f"{module}.{name}"
            if full in values:
                missing = [each for each in members(full, values[full]) if each not in values]
            else:
                missing = [full] if id(value_of(full)) not in elsewhere else []
            for each in missing:
                logging.getLogger("phonewire").warning("%s is public and not in the reference", each, location=module)


def value_of(name: str) -> Any:
    """Return what a dotted name stands for, None where that is known to an object alone."""
    try:
        return pkgutil.resolve_name(name)
    except AttributeError:
        return None


def members(owner: str, value: Any) -> Iterator[str]:
    """Yield the names of what users may call or read of a class, what it has from others of ours too."""
    ours = [each for each in getattr(value, "__mro__", ()) if each.__module__.startswith("phonewire")]
    for name, member in {name: member for each in reversed(ours) for name, member in vars(each).items()}.items():
        called = isinstance(member, property | classmethod | staticmethod | enum.Enum) or inspect.isroutine(member)
        if called and not name.startswith("_") and not is_for_us(member):
            yield f"{owner}.{name}"
