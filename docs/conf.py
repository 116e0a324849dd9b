"""Sphinx configuration."""

project = "beamtwin"
author = "the beamtwin developers"
copyright = "2026, the beamtwin developers"  # noqa: A001 (Sphinx's name)
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
html_theme = "pydata_sphinx_theme"
html_title = "beamtwin"
html_sidebars = {"**": []}
html_theme_options = {"header_links_before_dropdown": 6, "show_prev_next": False}
html_show_sourcelink = False
default_role = "py:obj"
exclude_patterns = ["_build"]
autodoc_typehints = "description"
autodoc_member_order = "bysource"
