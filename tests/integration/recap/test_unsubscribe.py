"""The link that switches recaps off."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from django.test import Client
from pytest_django import Settings
from pytest_django.asserts import assertContains

from django_jobs.recap.models import RecapSettings
from django_jobs.recap.unsubscribe_links import unsubscribe_url
from tests.integration.recap.helpers import MakeUser

pytestmark = pytest.mark.django_db


@pytest.fixture
def link(make_user: MakeUser) -> str:
    return unsubscribe_url(make_user(hour=8))


def is_on() -> bool:
    return RecapSettings.objects.get().enabled


def test_the_link_is_absolute(link: str) -> None:
    assert link.startswith("https://feedback.example.com/recap/unsubscribe/")


def test_opening_it_only_asks(link: str, client: Client) -> None:
    """Mail servers open every link to look for harm."""
    page = client.get(urlsplit(link).path)

    assertContains(page, "<button>Unsubscribe</button>", html=True)
    assert "no-store" in page["Cache-Control"]
    assert is_on()


def test_the_button_switches_off_without_login_and_cookies(link: str) -> None:
    client = Client(enforce_csrf_checks=True)
    page = client.post(urlsplit(link).path)

    assertContains(page, "You are unsubscribed")
    assert not is_on()
    assert RecapSettings.objects.get().due_at is None


def test_a_mail_provider_switches_off_with_one_click(link: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.post(urlsplit(link).path, {"List-Unsubscribe": "One-Click"})

    assert not is_on()


def test_a_second_click_does_no_harm(link: str, client: Client) -> None:
    first, second = (client.post(urlsplit(link).path) for _ in range(2))

    assert first.status_code == second.status_code == 200
    assert not is_on()


def test_it_works_for_a_deleted_user(link: str, client: Client) -> None:
    RecapSettings.objects.get().user.delete()

    assert client.post(urlsplit(link).path).status_code == 200


@pytest.mark.parametrize("token", ["1", "1:forged", "nonsense"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_link_with_a_wrong_signature_is_explained(
    link: str, client: Client, token: str, method: str
) -> None:
    page = getattr(client, method)(f"/recap/unsubscribe/{token}/")

    assertContains(page, "This link is invalid", status_code=404)
    assert is_on()


def test_a_link_outlives_a_new_secret_key(link: str, client: Client, settings: Settings) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "new"
    client.post(urlsplit(link).path)

    assert not is_on()


def test_a_signature_made_for_something_else_is_no_link(make_user: MakeUser) -> None:
    from django.core.signing import Signer

    user = make_user(hour=8)
    Client().post(f"/recap/unsubscribe/{Signer().sign(str(user.pk))}/")

    assert is_on()
