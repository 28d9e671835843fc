"""LaterEmailBackend makes jobs of mails, and refuses settings that would never send one."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ImproperlyConfigured

from django_jobs.mail import LaterEmailBackend, send_mail_later
from tests.integration.mail.helpers import LATER, SMTP

pytestmark = pytest.mark.filterwarnings("ignore:The EMAIL_.* setting is deprecated")
needs_mailers = pytest.mark.skipif(
    not hasattr(mail, "mailers"), reason="MAILERS came with Django 6.1"
)
LOCMEM = "django.core.mail.backends.locmem.EmailBackend"


class OtherLaterBackend(LaterEmailBackend):
    pass


@pytest.mark.parametrize("path", [LATER, f"{__name__}.OtherLaterBackend"])
def test_job_email_backend_must_not_send_later_itself(settings: Any, path: str) -> None:
    settings.JOB_EMAIL_BACKEND = path
    with pytest.raises(
        ImproperlyConfigured, match=r"JOB_EMAIL_BACKEND names '.*', which itself sends"
    ):
        LaterEmailBackend()


def test_job_email_backend_must_exist(settings: Any) -> None:
    settings.JOB_EMAIL_BACKEND = "somewhere.Else"
    with pytest.raises(ImproperlyConfigured, match=r"JOB_EMAIL_BACKEND: .*'somewhere.Else'"):
        LaterEmailBackend()


def test_credentials_are_refused_without_showing_them() -> None:
    with pytest.raises(ImproperlyConfigured, match="'username', 'password'") as caught:
        LaterEmailBackend(username="site", password="hush")
    assert "hush" not in str(caught.value)


def test_the_empty_login_that_django_hands_over_is_accepted() -> None:
    backend = LaterEmailBackend(fail_silently=True, username=None, password=None)
    assert backend.fail_silently


@needs_mailers
def test_a_mailer_must_not_send_through_itself(settings: Any) -> None:
    settings.MAILERS = {"default": {"BACKEND": LATER, "OPTIONS": {"using": "default"}}}
    with pytest.raises(
        ImproperlyConfigured, match=r"MAILERS\['default'\].*'default', which itself sends"
    ):
        mail.mailers["default"]


@needs_mailers
def test_a_mailer_must_not_send_through_another_later_mailer(settings: Any) -> None:
    settings.MAILERS = {
        "a": {"BACKEND": LATER, "OPTIONS": {"using": "b"}},
        "b": {"BACKEND": LATER, "OPTIONS": {"using": "a"}},
    }
    for alias in "ab":
        with pytest.raises(ImproperlyConfigured, match="itself sends later"):
            mail.mailers[alias]


@needs_mailers
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, r"MAILERS\['default'\]: OPTIONS must define 'using'"),
        ({"using": "nobody"}, r"MAILERS has no mailer 'nobody'. It has: 'default', 'real'"),
        (
            {"using": "real", "host": "example.com"},
            r"MAILERS\['default'\].* does not accept 'host'",
        ),
        ({"using": "broken"}, r"OPTIONS\['using'\]: the email backend 'no.Where' cannot"),
    ],
)
def test_mailers_that_cannot_work_are_refused(
    settings: Any, options: dict[str, str], message: str
) -> None:
    settings.MAILERS = {
        "default": {"BACKEND": LATER, "OPTIONS": options},
        "real": {"BACKEND": LOCMEM},
        **({"broken": {"BACKEND": "no.Where"}} if options.get("using") == "broken" else {}),
    }
    with pytest.raises(ImproperlyConfigured, match=message):
        mail.mailers["default"]


@needs_mailers
def test_an_unknown_mailer_is_refused_when_the_mail_is_enqueued(settings: Any) -> None:
    settings.MAILERS = {"default": {"BACKEND": SMTP, "OPTIONS": {"host": "example.com"}}}
    with pytest.raises(ImproperlyConfigured, match="MAILERS has no mailer 'nobody'"):
        send_mail_later("Hi", "Text", None, ["b@example.com"], using="nobody")


@pytest.mark.skipif(hasattr(mail, "mailers"), reason="Django 6.1 has MAILERS")
def test_before_django_6_1_a_mailer_is_refused_with_the_reason() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"MAILERS, which requires Django 6\.1"):
        send_mail_later("Hi", "Text", None, ["b@example.com"], using="smtp")
