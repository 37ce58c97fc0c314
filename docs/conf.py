"""How the documents become pages: ``make docs``."""

from __future__ import annotations

import phonewire

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
autodoc_default_options = {"members": True, "undoc-members": False, "show-inheritance": True}
suppress_warnings = ["ref.python"]  # the annotation `type` is the builtin, not one of the attributes of that name
# Google's sections, and one of our own.
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_custom_sections = ["Source"]
