"""Fill the templates of deployment files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypeAlias

from django.template import Context, Engine

TEMPLATES = Path(__file__).with_name("templates")

TAG_LINE = re.compile(r"(?m)^[ \t]*(\{%[^\n]*?%\})[ \t]*\n")
"""A line with nothing but a tag, which leaves no empty line."""

# Independent of the site's settings. The callers quote values for their file.
_engine = Engine(string_if_invalid="UNKNOWN VALUE %s")


Values: TypeAlias = dict[str, str | bool | list[str]]
"""Of the names in a template, quoted for the file."""


def render(name: str, values: Values) -> str:
    """Return a template with its values filled in.

    Args:
        name: file of the template.
        values: one for each name in it.
    """
    source = (TEMPLATES / name).read_text(encoding="utf-8")
    return _engine.from_string(TAG_LINE.sub(r"\1", source)).render(
        Context(values, autoescape=False)
    )
