"""Renders mails from pairs of templates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string


@dataclass(frozen=True, slots=True)
class Mail:
    """The subject and the content of a mail."""

    subject: str
    text: str
    html: str


def render_mail(name: str, /, **context: Any) -> Mail:
    """Render `mails/<name>.txt` and `mails/<name>.html`.

    Args:
        name: the name of the templates. The first line of the text template is the subject.
        context: the context of the templates, to which `site_url` is added.
    """
    context["site_url"] = settings.SITE_URL
    first, _, text = render_to_string(f"mails/{name}.txt", context).strip().partition("\n")
    # Text that people wrote may contain a carriage return, which a subject may not.
    subject = " ".join(first.split())
    html = render_to_string(f"mails/{name}.html", context | {"subject": subject})
    return Mail(subject=subject, text=text.strip() + "\n", html=html)
