"""Mails rendered from a pair of templates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string


@dataclass(frozen=True, slots=True)
class Mail:
    """The parts of one mail that are not its addresses."""

    subject: str
    text: str
    html: str


def render_mail(name: str, /, **context: Any) -> Mail:
    """Render `mails/<name>.txt` with `mails/<name>.html`.

    Args:
        name: which pair of templates. The first line of the text one is the subject.
        context: what the templates need besides `site_url`.
    """
    context["site_url"] = settings.SITE_URL
    first, _, text = render_to_string(f"mails/{name}.txt", context).strip().partition("\n")
    # What people wrote may have a carriage return in it, which no subject may.
    subject = " ".join(first.split())
    html = render_to_string(f"mails/{name}.html", context | {"subject": subject})
    return Mail(subject=subject, text=text.strip() + "\n", html=html)
