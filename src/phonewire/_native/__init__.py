"""The compiled core: thin Cython bindings to the C library in ``native/``. `phonewire._pure` is its specification."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

__all__ = ["document"]


def document(namespace: dict[str, Any]) -> None:
    """Give the functions and methods of a binding the docstrings of their twins, so that there is one text.

    Args:
        namespace: the ``globals()`` of a module of this package.
    """
    twin = import_module(namespace["__name__"].replace("._native.", "._pure."))
    for name in namespace["__all__"]:
        if isinstance(namespace[name], type):
            _copy(vars(getattr(twin, name)), vars(namespace[name]))  # the docstring of a compiled class is read-only
        else:
            namespace[name].__doc__ = getattr(twin, name).__doc__


def _copy(methods: Mapping[str, Any], compiled: Mapping[str, Any]) -> None:
    for name in compiled:
        if not name.startswith("_") and callable(compiled[name]):  # a property has no docstring of its own
            compiled[name].__doc__ = methods[name].__doc__
