"""The settings of the recap mails."""

from __future__ import annotations

from typing import Any

import environ

from django_jobs import Rate


def recap_settings(env: environ.Env, *, site_url: str) -> dict[str, Any]:
    """Return `JOB_RECAP`.

    Args:
        env: has `RECAPS_PER_MINUTE` if the mail server takes more or fewer than thirty.
        site_url: the address that links in mails begin with.
    """
    return {
        "RECIPIENTS": "feedback.recap.recipients",
        "CONTENT": "feedback.recap.content",
        "BASE_URL": site_url,
        # Most moderators want it at eight o'clock; the mail server need not take all at once.
        "LIMITS": [Rate(env.int("RECAPS_PER_MINUTE", default=30), per=60, name="recaps")],
    }
