"""The recap form for a profile page, with fields and without."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.template.loader import render_to_string
from pytest_django import Settings

from django_jobs.recap.forms import RecapSettingsForm
from django_jobs.recap.models import RecapSettings
from tests.integration.recap.helpers import MakeUser

pytestmark = pytest.mark.django_db

WEEKLY_IN_TOKYO = {
    "recap-enabled": "on",
    "recap-frequency": "weekly",
    "recap-hour": "18",
    "recap-time_zone": "Asia/Tokyo",
}


def rendered(form: RecapSettingsForm) -> str:
    return render_to_string("django_jobs/recap/settings.html", {"recap_form": form}).strip()


@pytest.mark.usefixtures("redis_backend")
def test_recaps_are_off_until_a_user_switches_them_on(make_user: MakeUser) -> None:
    form = RecapSettingsForm(user=make_user())

    assert form["enabled"].value() is False
    assert form["frequency"].value() == "daily"
    assert form["hour"].value() == 8
    assert form["time_zone"].value() == "UTC"
    assert not RecapSettings.objects.exists()


@pytest.mark.usefixtures("redis_backend")
def test_a_choice_is_stored(make_user: MakeUser) -> None:
    user = make_user()
    form = RecapSettingsForm(WEEKLY_IN_TOKYO, user=user)

    assert form.is_valid(), form.errors
    form.save()

    stored = RecapSettings.objects.get(user=user)
    assert (stored.enabled, stored.frequency, stored.hour) == (True, "weekly", 18)
    assert stored.time_zone == "Asia/Tokyo"
    assert stored.due_at is not None


@pytest.mark.usefixtures("redis_backend")
def test_a_choice_is_changed_in_its_row(make_user: MakeUser) -> None:
    user = make_user(hour=8)
    form = RecapSettingsForm({**WEEKLY_IN_TOKYO, "recap-enabled": ""}, user=user)
    form.save()

    stored = RecapSettings.objects.get()
    assert (stored.enabled, stored.due_at) == (False, None)


@pytest.mark.usefixtures("redis_backend")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("frequency", "hourly"),
        ("hour", "24"),
        ("hour", "-1"),
        ("hour", ""),
        ("time_zone", "Europe/Atlantis"),
        ("time_zone", "../../etc/passwd"),
    ],
)
def test_a_choice_that_was_not_offered_is_refused(
    make_user: MakeUser, field: str, value: str
) -> None:
    form = RecapSettingsForm({**WEEKLY_IN_TOKYO, f"recap-{field}": value}, user=make_user())

    assert list(form.errors) == [field]


@pytest.mark.usefixtures("redis_backend")
def test_the_include_renders_the_fields(make_user: MakeUser) -> None:
    html = rendered(RecapSettingsForm(user=make_user(hour=8)))

    assert 'name="recap-enabled"' in html
    assert '<optgroup label="Europe">' in html
    assert '<option value="Europe/Berlin" selected>Berlin</option>' in html
    assert '<option value="8" selected>08:00</option>' in html


@pytest.mark.usefixtures("redis_backend")
def test_an_old_name_of_a_zone_stays_chosen(make_user: MakeUser) -> None:
    user = make_user(time_zone="CET")

    assert '<option value="CET" selected>CET</option>' in rendered(RecapSettingsForm(user=user))


@pytest.mark.usefixtures("redis_backend")
@pytest.mark.parametrize("path", ["recipients", "listed", "sliced"])
def test_only_eligible_users_see_it(make_user: MakeUser, settings: Settings, path: str) -> None:
    settings.JOB_RECAP = {
        **settings.JOB_RECAP,
        "RECIPIENTS": f"tests.apps.recap_site.content.{path}",
    }
    admitted = make_user("ada")
    others = [make_user("bob", user={"is_staff": False}), AnonymousUser()]

    assert RecapSettingsForm(user=admitted).fields
    assert [rendered(RecapSettingsForm(user=other)) for other in others] == ["", ""]


@pytest.mark.usefixtures("redis_backend")
def test_a_forged_post_of_somebody_else_changes_nothing(make_user: MakeUser) -> None:
    form = RecapSettingsForm(WEEKLY_IN_TOKYO, user=make_user(user={"is_staff": False}))

    assert form.is_valid()
    form.save()
    assert not RecapSettings.objects.exists()


def test_without_a_persistent_backend_staff_see_what_is_missing(make_user: MakeUser) -> None:
    html = rendered(RecapSettingsForm(user=make_user()))

    assert html == '<p class="recap-settings-notice">Recaps need the Redis backend.</p>'


def test_without_a_persistent_backend_others_see_nothing(
    make_user: MakeUser, settings: Settings
) -> None:
    settings.JOB_RECAP = {
        **settings.JOB_RECAP,
        "RECIPIENTS": "tests.apps.recap_site.content.everybody",
    }

    assert rendered(RecapSettingsForm(user=make_user(user={"is_staff": False}))) == ""


def test_without_a_persistent_backend_a_forged_post_changes_nothing(make_user: MakeUser) -> None:
    user = make_user(hour=8)
    form = RecapSettingsForm(WEEKLY_IN_TOKYO, user=user)

    assert form.is_valid()
    form.save()
    stored = RecapSettings.objects.get()
    assert (stored.enabled, stored.frequency, stored.hour) == (True, "daily", 8)


def test_users_of_any_model_see_nothing_unless_admitted() -> None:
    assert rendered(RecapSettingsForm(user=User())) == ""
