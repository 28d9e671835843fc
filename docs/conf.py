"""How Sphinx makes a site of the documentation, which can also be read as Markdown: `make docs`."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parent.parent

project = "django_jobs"
html_title = "django_jobs"
# Where the site is published: llms.txt has whole addresses.
html_baseurl = os.environ.get("DOCS_URL", "")
html_theme = "furo"
html_show_copyright = False
html_show_sphinx = False
html_static_path = ["_static"]
html_css_files = ["site.css"]

extensions = [
    "myst_parser",
    "sphinx_copybutton",
    "sphinx_external_toc",
    "sphinx_llms_txt",
]
# The repository is the source: pages link to its files, and README.md and the like to pages.
include_patterns = ["*.md", "docs/**.md", "benchmarks/*.md", "deploy/*.md", "tests/README.md"]
external_toc_path = str(REPOSITORY / "docs" / "_toc.yml")
myst_heading_anchors = 4
# Of a shell session, only what one types.
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
llms_txt_title = "django_jobs"
llms_txt_summary = (
    "Background jobs for Django's Tasks framework: in a thread pool by default, in Redis when jobs"
    " must survive a restart. Read docs/reference/assistants first."
)


def copy_images(app: Any, error: Exception | None) -> None:
    """Copy the pictures, which pages name in HTML that Sphinx does not read."""
    images = Path("docs") / "images"
    shutil.copytree(REPOSITORY / images, Path(app.outdir) / images, dirs_exist_ok=True)


def setup(app: Any) -> None:
    """Extend Sphinx."""
    app.connect("build-finished", copy_images)
