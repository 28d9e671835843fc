"""Django's admin site has an entry that leads to the list of jobs."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tests.integration.dashboard.helpers import Person

WITHOUT_DASHBOARD = "tests.integration.dashboard.without_dashboard"


def staff(user: User) -> Client:
    User.objects.filter(pk=user.pk).update(is_staff=True)
    client = Client()
    client.force_login(user)
    return client


def test_the_entry_leads_to_the_list_of_jobs(person: Person) -> None:
    client = staff(person("view_dashboard"))
    index = client.get(reverse("admin:index")).text
    entry = reverse("admin:django_jobs_dashboard_dashboard_changelist")
    assert f'href="{entry}"' in index
    assert "Background jobs" in index
    answer = client.get(entry)
    assert answer.status_code == 302
    assert answer["Location"] == reverse("django_jobs_dashboard:jobs")
    app = client.get(reverse("admin:app_list", args=["django_jobs_dashboard"]))
    assert f'href="{entry}"' in app.text


def test_staff_without_a_permission_of_the_dashboard_sees_no_entry(person: Person) -> None:
    client = staff(person())
    assert "Background jobs" not in client.get(reverse("admin:index")).text
    answer = client.get(reverse("admin:django_jobs_dashboard_dashboard_changelist"), follow=True)
    assert answer.status_code == 403


def test_who_is_no_staff_is_asked_to_log_in(person: Person) -> None:
    client = Client()
    client.force_login(person("view_dashboard"))
    answer = client.get(reverse("admin:django_jobs_dashboard_dashboard_changelist"))
    assert answer["Location"].startswith(reverse("admin:login"))


def test_nothing_can_be_added_changed_or_deleted_there(person: Person) -> None:
    client = staff(person("view_dashboard", "manage_jobs"))
    entry = reverse("admin:django_jobs_dashboard_dashboard_changelist")
    for address in ("add/", "1/change/", "1/delete/"):
        assert client.get(entry + address).status_code == 404
    assert f"{entry}add/" not in client.get(reverse("admin:index")).text


@pytest.mark.urls(WITHOUT_DASHBOARD)
def test_a_site_that_does_not_include_the_dashboard_has_no_entry(person: Person) -> None:
    client = staff(person("view_dashboard"))
    assert "Background jobs" not in client.get("/admin/").text
    entry = reverse("admin:django_jobs_dashboard_dashboard_changelist")
    assert client.get(entry)["Location"] == "/admin/"
