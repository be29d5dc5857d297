"""How the site is built: Sphinx, Markdown by MyST, the theme Furo; nothing is fetched."""

project = "inboxlink"
author = "The inboxlink authors"
project_copyright = "The inboxlink authors, Apache-2.0"

extensions = ["myst_parser"]
exclude_patterns = ["ruff.toml"]
nitpicky = True
# It would turn `--json` in a sentence into a dash.
smartquotes = False

# One could link to any heading; the build fails where a link names none.
myst_heading_anchors = 3

html_theme = "furo"
html_title = "inboxlink"
html_static_path = ["_static"]
html_css_files = ["site.css"]
# The theme's own, without its place for advertisements.
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}
html_copy_source = False
html_show_sourcelink = False
