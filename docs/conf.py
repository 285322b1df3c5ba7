"""How Sphinx builds the documentation site: `make docs`, offline, with warnings as errors."""

import os
import sys
from pathlib import Path

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS / "_ext"), str(DOCS.parent)]
# Notebooks run in a process of their own, which has to find the package of this very checkout.
os.environ["PYTHONPATH"] = os.pathsep.join([str(DOCS.parent), os.environ.get("PYTHONPATH", "")])

import heedful  # noqa: E402

project = "heedful"
author = "The heedful contributors"
copyright = f"2026 {author}"
version = release = heedful.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "docstrings", "links", "mathml", "public_names"]
exclude_patterns = ["_build"]
default_role = "literal"
nitpicky = False  # annotations name types of torch and jaxtyping, whose pages an offline build cannot look up

myst_enable_extensions = ["dollarmath"]
myst_fence_as_directive = ["math"]  # GitHub's spelling of a displayed formula
myst_heading_anchors = 3
myst_links_external_new_tab = False

nb_execution_mode = "force"
nb_execution_timeout = 120
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_merge_streams = True

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
add_module_names = False
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 90
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = "heedful"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
html_copy_source = False
html_show_sphinx = False
