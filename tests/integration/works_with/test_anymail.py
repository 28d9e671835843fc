"""Emails with attributes of django-anymail are sent by jobs."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage

from django_jobs.mail import send_later
from django_jobs.testing import override_backend, run_enqueued

BACKEND = "anymail.backends.test.EmailBackend"


@pytest.fixture
def _anymail(settings: Any) -> None:
    if hasattr(mail, "mailers"):
        settings.MAILERS = {"default": {"BACKEND": BACKEND}}
    else:
        settings.EMAIL_BACKEND = BACKEND


@pytest.mark.django_db
@pytest.mark.usefixtures("_anymail")
def test_an_email_keeps_its_tags_and_metadata_for_the_provider() -> None:
    message: Any = EmailMessage("Welcome", "Text", "shop@example.com", ["ann@example.com"])
    message.tags = ["welcome"]
    message.metadata = {"order": 7}
    message.template_id = "welcome-2"
    message.merge_data = {"ann@example.com": {"name": "Ann"}}
    with override_backend("dummy", enqueue_on_commit=False):
        send_later(message)
        run_enqueued()
    (sent,) = mail.outbox
    given: dict[str, Any] = vars(sent)["anymail_test_params"]
    assert given["tags"] == ["welcome"]
    assert given["metadata"] == {"order": 7}
    assert given["template_id"] == "welcome-2"
    assert given["merge_data"] == {"ann@example.com": {"name": "Ann"}}
