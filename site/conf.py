"""What Sphinx is told; `make site` runs it on what authoring/site has written."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
_pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

project = "Fewer Bits, Fewer Weights"
version = release = _pyproject["project"]["version"]
language = "en"
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "authoring.site.formulas",
]
# What stands between single backticks in a docstring.
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "description"
source_suffix = {".md": "markdown"}

myst_enable_extensions = ["dollarmath"]
# What else MyST reads into plain Markdown.
myst_disable_syntax = ["myst_block_break", "myst_line_comment", "myst_role"]
# `page` and `place` are authoring/site/ways.py's: the way to a page is in them as it will be.
myst_url_schemes = {
    "http": None,
    "https": None,
    "mailto": None,
    "page": "{{path}}",
    "place": "{{path}}#{{fragment}}",
}
myst_heading_anchors = 4
highlight_language = "none"
# Pygments marks as wrong what it does not know.
suppress_warnings = ["misc.highlighting_failure"]

html_theme = "furo"
html_title = project
# To which `make site` adds the pictures.
html_static_path = ["static"]
html_favicon = "static/icon.svg"
html_css_files = ["front.css", "site.css"]
html_js_files = [("site.js", {"defer": "defer"})]
html_math_renderer = "mathml"
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_show_copyright = False
# A line of each hit would cost the whole page it stands in, up to 400 kB.
html_show_search_summary = False
html_use_index = False
html_domain_indices = False
