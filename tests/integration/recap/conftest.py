"""Users who want recaps, under a backend that has them."""

from __future__ import annotations

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core import mail
from pytest_django import Settings

from django_jobs.recap.models import RecapSettings
from tests.integration.recap.helpers import LOCMEM, NOW, MailThrough, MakeUser


@pytest.fixture
def mail_through(settings: Settings) -> MailThrough:
    """Tells the site which email backend sends: `mail_through("dotted.path")`."""

    def tell(path: str) -> None:
        if hasattr(mail, "mailers"):
            settings.MAILERS = {"default": {"BACKEND": path}}
        else:
            settings.EMAIL_BACKEND = path

    return tell


@pytest.fixture(autouse=True)
def recap_site(settings: Settings, mail_through: MailThrough) -> None:
    """A site that has nothing but recaps."""
    settings.ROOT_URLCONF = "tests.apps.recap_site.urls"
    settings.MIDDLEWARE = ["django.middleware.csrf.CsrfViewMiddleware"]
    settings.LANGUAGE_CODE = "en-us"
    settings.JOB_RECAP = {
        "RECIPIENTS": "tests.apps.recap_site.content.recipients",
        "CONTENT": "tests.apps.recap_site.content.content",
        "BASE_URL": "https://feedback.example.com",
    }
    mail_through(LOCMEM)


@pytest.fixture
def redis_backend(settings: Settings, redis_url: str) -> None:
    """Jobs wait in the tests' own Redis."""
    settings.TASKS = {
        "default": {
            "BACKEND": "django_jobs.backends.RedisBackend",
            "QUEUES": ["default", "mailers"],
            "OPTIONS": {"url": redis_url},
        }
    }


@pytest.fixture
def make_user(db: None) -> MakeUser:
    """Creates staff with an address, and recaps in Berlin's time zone if any option is given."""

    def make(
        name: str = "ada", *, user: dict[str, object] | None = None, **options: object
    ) -> User:
        values = {"email": f"{name}@example.com", "is_staff": True, **(user or {})}
        created = User.objects.create(username=name, **values)
        if options:
            options = {"enabled": True, "time_zone": "Europe/Berlin", **options}
            RecapSettings.objects.create(user=created, **options)
        return created

    return make


@pytest.fixture
def clock() -> object:
    """The time, which stands at NOW until the test moves it."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller
