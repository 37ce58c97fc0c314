"""The compiled core: thin Cython bindings to the C library in ``native/``. `phonewire._pure` is its specification."""

from importlib import import_module
from typing import Any

__all__ = ["document"]


def document(namespace: dict[str, Any]) -> None:
    """Give the functions of a binding the docstrings of their twins, so that there is one text.

    Args:
        namespace: the ``globals()`` of a module of this package.
    """
    twin = import_module(namespace["__name__"].replace("._native.", "._pure."))
    for name in namespace["__all__"]:
        if not isinstance(namespace[name], type):
            namespace[name].__doc__ = getattr(twin, name).__doc__
