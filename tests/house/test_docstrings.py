"""Every public name says what it is; what codes audio also says shapes, units, errors and its source."""

import ast
import builtins
import enum
import importlib
import inspect
import pkgutil
import re
import textwrap
from operator import attrgetter
from pathlib import Path

import pytest

import phonewire
from phonewire import errors, protocols

HIDDEN = {"aio", "cli"}  # what is public there is a name of `phonewire`

# What users get from functions, and never make.
MADE_FOR_USERS = {"Asgi", "AudioSocketServer", "Call", "Server"}

CODECS = ["phonewire.g711", "phonewire.b64", "phonewire.pcm", "phonewire.dtmf", "phonewire.rtp"]
# What a standard or a platform's documents say: each of these names it, or its module does.
SOURCED = ("rtp", "wav", "auth", "twiml", "jitter")
SOURCE = re.compile(r"\b(Source|Specification):|\bRFC \d+")
# These are of our own making: what all authenticators share, and the parts of a jitter buffer, which names its model.
OURS_ALONE = {
    "phonewire.auth.request", "phonewire.auth.secret", "phonewire.auth.public_url",
    "phonewire.jitter.concealment", "phonewire.jitter.frame", "phonewire.jitter.pauses", "phonewire.jitter.source",
    "phonewire.jitter.stats", "phonewire.jitter.transit",
}  # fmt: skip

# The ways in which a sentence says what comes back.
RETURNS = re.compile(r"\b(returns?|yields?|whether|hand over|(?:false|none|true) (?:when|where|if))\b", re.IGNORECASE)
NOTHING = re.compile(r"None|(Async)?Iterator\[None\]|Self|NoReturn")  # a context manager that gives nothing, or itself
# A fixture of pytest is what its docstring names: `pytest --fixtures` lists them so.
FIXTURES = "phonewire.pytest_plugin."

# What a buffer holds, or a number counts.
UNITS = re.compile(
    r"\b(bytes?|samples?|codewords?|packets?|base64|ms|Hz|units|dB\w*|bits?|characters?|messages?|digits?)\b"
)


def public_modules():
    yield phonewire
    for found in pkgutil.walk_packages(phonewire.__path__, "phonewire."):
        parts = found.name.split(".")[1:]
        if parts[0] not in HIDDEN and not any(part.startswith("_") for part in parts):
            yield importlib.import_module(found.name)


def names(modules):
    """Yield the name and the object of each class and function that is ours, each once."""
    seen = set()
    for module in modules:
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            ours = str(getattr(value, "__module__", "")).startswith("phonewire")
            if (inspect.isclass(value) or inspect.isroutine(value)) and ours and id(value) not in seen:
                seen.add(id(value))
                yield f"{module.__name__}.{name}", value


def members(name, value):
    """Yield what users may call or read of a class, the inherited left out."""
    for each, member in vars(value).items():
        if not each.startswith("_") and (inspect.isroutine(member) or isinstance(member, property)):
            yield f"{name}.{each}", getattr(value, each)


PUBLIC = dict(names(public_modules()))
EVERYTHING = PUBLIC | {
    name: member for owner, value in PUBLIC.items() if inspect.isclass(value) for name, member in members(owner, value)
}
OURS = {name: value for name, value in PUBLIC.items() if name.count(".") == 1}
CODED = dict(names(importlib.import_module(name) for name in CODECS))


def test_there_is_something_to_look_at():
    assert len(OURS) > 30
    assert len(CODED) > 30
    assert len(EVERYTHING) > 500


@pytest.mark.parametrize("module", list(public_modules()), ids=lambda module: module.__name__)
def test_every_module_says_what_it_is(module):
    assert module.__doc__


def test_every_public_name_says_what_it_is():
    # A dataclass without a docstring has its signature for one.
    silent = [name for name, each in EVERYTHING.items() if re.match(r"$|\w+\(", inspect.getdoc(each) or "")]
    assert not silent


def test_every_docstring_begins_with_a_sentence():
    def first(each):
        return inspect.getdoc(each).partition("\n\n")[0].strip()

    assert not [name for name, each in EVERYTHING.items() if not first(each).endswith((".", ":", "``", ")"))]


def parameters(value):
    try:
        found = inspect.signature(value).parameters.values()
    except ValueError:
        return []
    return [each.name for each in found if not each.name.startswith("_") and each.kind is not each.VAR_KEYWORD]


@pytest.mark.parametrize("name", [name for name in OURS | CODED if name.rpartition(".")[2] not in MADE_FOR_USERS])
def test_every_argument_is_explained(name):
    value = (OURS | CODED)[name]
    if inspect.isclass(value) and issubclass(value, Exception | tuple | enum.Enum):
        return  # raised and returned by us, or chosen from
    text = (inspect.getdoc(value) or "") + (inspect.getdoc(value.__init__) or "" if inspect.isclass(value) else "")
    asked = parameters(value)
    missing = [each for each in asked if not re.search(rf"\b{each}\b", text)]
    assert len(asked) < 2 or not missing, (name, missing)


@pytest.mark.parametrize("name", [name for name, each in CODED.items() if inspect.isroutine(each)])
def test_what_codes_audio_says_shapes_units_errors_and_source(name):
    text = inspect.getdoc(CODED[name])
    sections = dict(re.findall(r"^(Args|Returns|Raises|Source|Yields):(.*(?:\n(?:[ \t].*)?)*)", text, re.MULTILINE))
    assert "Source" in sections
    assert {"Returns", "Yields"} & set(sections), "what comes back"
    assert not parameters(CODED[name]) or UNITS.search(sections["Args"]), "in which units"
    assert not parameters(CODED[name]) or "Raises" in sections, "which errors"


def twin(value):
    """Return what a compiled function or method is in plain Python: that has annotations, and a text to look into."""
    module = getattr(value, "__module__", None) or ""
    if "._native." not in module:
        return value
    return attrgetter(value.__qualname__)(importlib.import_module(module.replace("._native.", "._pure.")))


def test_what_returns_something_says_what():
    silent = []
    for name, value in EVERYTHING.items():
        if inspect.isroutine(value) and not name.startswith(FIXTURES):
            given = inspect.signature(twin(value)).return_annotation
            gives = given is not inspect.Signature.empty and not NOTHING.fullmatch(str(given))
            if gives and not RETURNS.search(inspect.getdoc(value) or ""):
                silent.append(name)
    assert not silent


def test_what_a_document_says_names_it():
    silent = []
    for name, value in PUBLIC.items():
        module = value.__module__
        if module.split(".")[1] in SOURCED and module not in OURS_ALONE:
            texts = [inspect.getdoc(value) or "", importlib.import_module(module).__doc__]
            if not any(SOURCE.search(text) for text in texts):
                silent.append(name)
    assert not silent
    assert {value.__module__ for value in PUBLIC.values()} >= OURS_ALONE


def bodies(value):
    """Return the source of what a call of *value* runs first: of a class, what makes an object of it."""
    if inspect.isclass(value):
        made = [vars(value).get(name) for name in ("__init__", "__post_init__")]
        return [each for each in made if inspect.isfunction(each)]
    found = inspect.unwrap(value.fget if isinstance(value, property) else twin(value))
    return [found] if inspect.isfunction(found) or inspect.ismethod(found) else []


def raised(function):
    """Return the names of the errors that users may catch and *function* raises by itself."""
    if "phonewire" not in Path(function.__code__.co_filename).parts:
        return set()  # what `dataclass` and `typing.Protocol` make
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    errors_raised = (node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise) and node.exc is not None)
    names = {ast.unparse(each.func if isinstance(each, ast.Call) else each) for each in errors_raised}
    return {name for name in names if name in errors.__all__ or isinstance(getattr(builtins, name, None), type)}


# Raised where a class is not meant to be called, or a context manager is used twice: mistakes that no program catches.
NOT_CAUGHT = {"AttributeError", "NotImplementedError", "RuntimeError", "StopIteration", "StopAsyncIteration"}


def test_what_raises_says_so():
    silent = {}
    for name, value in EVERYTHING.items():
        text = (inspect.getdoc(value) or "") + (inspect.getdoc(value.__init__) or "" if inspect.isclass(value) else "")
        missing = {each for body in bodies(value) for each in raised(body) if each not in text} - NOT_CAUGHT
        if missing and not (inspect.isclass(value) and issubclass(value, Exception)):
            silent[name] = missing
    assert not silent


def test_what_takes_bytes_says_what_they_are():
    silent = []
    for name, value in EVERYTHING.items():
        if inspect.isroutine(value):
            given = [str(each.annotation) for each in inspect.signature(value).parameters.values()]
            if re.search(r"\b(Buffer|bytes)\b", " ".join(given)) and not UNITS.search(inspect.getdoc(value) or ""):
                silent.append(name)
    assert not silent


@pytest.mark.parametrize("name", [each.name for each in pkgutil.iter_modules(protocols.__path__) if each.ispkg])
def test_a_protocol_names_its_specification(name):
    text = importlib.import_module(f"phonewire.protocols.{name}").__doc__
    assert re.search(r"https://\S+", text), "where it is"
    assert re.search(r"\b20\d\d\b", text), "which version of it, or when it was read"
