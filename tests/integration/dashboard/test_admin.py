"""Django's admin site has a list of jobs in its own look."""

from __future__ import annotations

from urllib.parse import urlencode

import django
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from django_jobs.backends.base import JobBackend
from django_jobs.jobs.records import State
from tests.integration.dashboard.helpers import JOB, Person, UseBackend, shown, words
from tests.integration.dashboard.in_each_state import fill
from tests.integration.dashboard.samples import HOSTILE
from tests.support.builders import make_job, make_jobs
from tests.support.ports import HOST, free_port

LIST = reverse("admin:django_jobs_dashboard_dashboard_changelist")
WITHOUT_DASHBOARD = "tests.integration.dashboard.without_dashboard"


def staff(user: User) -> Client:
    User.objects.filter(pk=user.pk).update(is_staff=True)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def editor(person: Person) -> Client:
    """The browser of somebody who works in the admin site and may view jobs."""
    return staff(person("view_dashboard"))


# --- who may see it ------------------------------------------------------------------------------


def test_the_admin_has_an_entry_for_the_list(editor: Client) -> None:
    index = shown(editor, reverse("admin:index"))
    assert f'href="{LIST}"' in index
    assert "Background jobs" in index
    app = shown(editor, reverse("admin:app_list", args=["django_jobs_dashboard"]))
    assert f'href="{LIST}"' in app


def test_staff_without_a_permission_of_the_dashboard_sees_neither(person: Person) -> None:
    client = staff(person())
    assert "Background jobs" not in client.get(reverse("admin:index")).text
    assert client.get(LIST).status_code == 403


def test_a_person_who_is_not_staff_is_asked_to_log_in(person: Person) -> None:
    client = Client()
    client.force_login(person("view_dashboard"))
    assert client.get(LIST)["Location"].startswith(reverse("admin:login"))


@pytest.mark.urls(WITHOUT_DASHBOARD)
def test_a_site_that_does_not_include_the_dashboard_has_no_list(person: Person) -> None:
    client = staff(person("view_dashboard"))
    assert "Background jobs" not in client.get("/admin/").text
    assert client.get(LIST)["Location"] == "/admin/"


def test_nothing_can_be_added_changed_or_deleted_there(person: Person, backend: JobBackend) -> None:
    client = staff(person("view_dashboard", "manage_jobs"))
    for address in ("add/", "1/change/", "1/delete/"):
        assert client.get(LIST + address).status_code == 404
    assert client.post(LIST, {"action": "delete_selected"}).status_code == 405
    assert f"{LIST}add/" not in shown(client, reverse("admin:index"))


# --- what it shows -------------------------------------------------------------------------------


def test_each_job_leads_to_its_page_of_the_dashboard(editor: Client, backend: JobBackend) -> None:
    fill(backend)
    html = shown(editor, LIST)
    ids = [record.job.id for state in State for record in backend.broker.inspection.jobs(state)]
    assert ids
    for job_id in ids:
        assert f'href="{JOB}?{urlencode({"id": job_id})}"' in html
    assert "no such parcel" in words(html)


def test_jobs_are_filtered_by_state_queue_and_task(editor: Client, backend: JobBackend) -> None:
    backend.broker.push([make_job(queue="low", task="shop.tasks.pack"), make_job(queue="default")])
    whole = shown(editor, LIST)
    assert "?queue=low" in whole
    assert "?task=shop.tasks.pack" in whole
    assert "1–2 of 2" in words(whole)
    low = shown(editor, LIST, queue="low", state="queued")
    assert "1–1 of 1" in words(low)
    assert "?state=queued&amp;queue=low&amp;task=shop.tasks.pack" in low  # the others stay
    pack = words(shown(editor, LIST, task="shop.tasks.pack"))
    assert "Searched all 2 jobs." in pack
    assert "No jobs match" in words(shown(editor, LIST, state="dead"))
    assert "Clear filters" in pack


def test_a_search_looks_at_arguments_and_keeps_the_filters(
    editor: Client, backend: JobBackend
) -> None:
    backend.broker.push([make_job(arguments='{"args":["Ada"],"kwargs":{}}'), make_job()])
    html = shown(editor, LIST, state="queued", text="ada")
    assert words(html).count("Ada") == 1
    assert '<input type="hidden" name="state" value="queued">' in html
    assert 'name="text" value="ada"' in html


def test_a_page_has_fifty_jobs(editor: Client, backend: JobBackend) -> None:
    backend.broker.push(make_jobs(60))
    html = shown(editor, LIST)
    assert "1–50 of 60" in words(html)
    (_, _, rest) = html.partition('<a rel="next" href="?after=')
    assert "51–60 of 60" in words(shown(editor, LIST, after=rest.partition('"')[0]))


def test_another_backend_can_be_chosen(editor: Client, use_backend: UseBackend) -> None:
    threads = {"BACKEND": "django_jobs.backends.ThreadPoolBackend", "QUEUES": ["monthly"]}
    use_backend("redis", aliases={"reports": threads})
    assert '"?backend=reports"' in shown(editor, LIST)
    html = shown(editor, LIST, backend="reports")
    assert "?queue=monthly&amp;backend=reports" in html


def test_hostile_text_is_escaped_and_secrets_are_hidden(
    editor: Client, backend: JobBackend
) -> None:
    backend.broker.push([make_job(task=HOSTILE, arguments='{"args":[],"kwargs":{"token":"t0p"}}')])
    html = shown(editor, LIST)
    assert "<script>alert" not in html
    assert "t0p" not in html
    for value in ("\x00", "\ud800".encode("utf-8", "replace"), "9" * 400, "[]"):
        query = dict.fromkeys(("state", "queue", "task", "text", "after", "backend"), value)
        assert editor.get(LIST, query).status_code == 200


def test_the_list_is_translated(editor: Client, backend: JobBackend, settings: Settings) -> None:
    settings.LANGUAGE_CODE = "de"
    text = words(shown(editor, LIST))
    assert "Noch keine Jobs" in text
    assert "Im Dashboard öffnen" in text


# --- when there is nothing to show ---------------------------------------------------------------


def test_an_empty_list_says_so(editor: Client, backend: JobBackend) -> None:
    assert "No jobs yet" in words(shown(editor, LIST))


def test_a_redis_that_is_away_is_explained(editor: Client, settings: Settings) -> None:
    url = f"redis://{HOST}:{free_port()}/0"
    settings.TASKS = {
        "default": {"BACKEND": "django_jobs.backends.RedisBackend", "OPTIONS": {"url": url}}
    }
    answer = editor.get(LIST)
    assert answer.status_code == 503
    text = words(answer.text)
    assert "The server that stores the jobs does not respond." in text
    assert "does not answer" in text
    assert "Django administration" in text


def test_a_site_without_a_backend_of_ours_is_told_what_to_set(
    editor: Client, settings: Settings
) -> None:
    package = "django.tasks" if django.VERSION >= (6, 0) else "django_tasks"
    settings.TASKS = {"default": {"BACKEND": f"{package}.backends.dummy.DummyBackend"}}
    answer = editor.get(LIST)
    assert answer.status_code == 404
    assert "Set TASKS = tasks_from_env()" in words(answer.text)
