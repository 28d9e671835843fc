"""The pages know the tasks that workers import at their start, and import none for a job."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from django.test import Client
from pytest_django import Settings

from django_jobs.backends.base import JobBackend
from django_jobs.jobs.records import Job
from django_jobs.tasks.redaction.known_tasks import import_once
from django_jobs.tasks.signatures import sign
from tests.integration.dashboard.helpers import JOB, JOBS, shown, words
from tests.support.builders import make_job


@pytest.fixture(autouse=True)
def _know_nothing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("django_jobs.tasks.registry._found", {})
    import_once.cache_clear()
    yield
    import_once.cache_clear()
    for app in ("parcels", "wreck"):
        sys.modules.pop(f"tests.integration.dashboard.{app}.tasks", None)


def stored(backend: JobBackend, task: str) -> Job:
    job = make_job(task=task, arguments='[["4711","4112"],{}]', signature=sign(task))
    backend.broker.push([job])
    return job


@pytest.mark.parametrize(
    "name", ["tests.apps.registered.untouched.greet", "tests.apps.registered.script.x", "this.zen"]
)
def test_nothing_is_imported_for_the_name_of_a_job(
    onlooker: Client, backend: JobBackend, name: str
) -> None:
    """Also if the name is signed: a page has no need to run code that the site does not."""
    job = stored(backend, name)

    page = shown(onlooker, JOB, id=job.id)

    assert job.id in shown(onlooker, JOBS, task=name)
    assert name.rpartition(".")[0] not in sys.modules
    assert "4711" not in page
    assert "is not imported in this process" in words(page)


def test_the_parameters_of_an_app_s_tasks_have_their_names(
    onlooker: Client, backend: JobBackend, settings: Settings
) -> None:
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "tests.apps.parcels"]
    job = stored(backend, "tests.apps.parcels.tasks.unpack")

    page = words(shown(onlooker, JOB, id=job.id))

    assert "parcel 4711" in page
    assert "4112" not in page


def test_the_pages_work_while_an_app_is_broken(
    onlooker: Client,
    backend: JobBackend,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "tests.apps.wreck"]
    job = stored(backend, "tests.apps.wreck.tasks.salvage")

    for _ in range(2):
        page = shown(onlooker, JOB, id=job.id)

    assert "4711" not in page
    (logged,) = caplog.records
    assert "not today" in str(logged.exc_text)
