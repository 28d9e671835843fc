"""A site with a dashboard, on each backend, and people with each permission."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django import Settings

from django_jobs.backends.base import JobBackend
from django_jobs.compat import task_backends
from django_jobs.dashboard.bulk import StepBudget
from tests.integration.dashboard.helpers import QUEUES, Person, UseBackend
from tests.support.driver import Driver

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def use_backend(request: pytest.FixtureRequest, settings: Settings) -> UseBackend:
    def use(kind: str, aliases: dict[str, Any] | None = None) -> JobBackend:
        entry: dict[str, Any] = {"QUEUES": QUEUES}
        if kind == "redis":
            # Keys of its own: what earlier tests left behind is not seen by these.
            url = request.getfixturevalue("redis_url")
            entry["BACKEND"] = "django_jobs.backends.RedisBackend"
            entry["OPTIONS"] = {"url": url, "namespace": uuid.uuid4().hex}
        else:
            entry["BACKEND"] = "django_jobs.backends.ThreadPoolBackend"
        settings.TASKS = {"default": entry, **(aliases or {})}
        backend = task_backends["default"]
        assert isinstance(backend, JobBackend)
        return backend

    return use


@pytest.fixture(params=["thread_pool", "redis"])
def backend(request: pytest.FixtureRequest, use_backend: UseBackend) -> JobBackend:
    """Each of the two backends, with nothing in it, and nobody who runs its jobs."""
    return use_backend(request.param)


@pytest.fixture
def redis_backend(use_backend: UseBackend) -> JobBackend:
    return use_backend("redis")


@pytest.fixture
def worker(backend: JobBackend) -> Driver:
    """A worker as the broker sees one; it does what the test says."""
    return Driver(backend.broker, "w1")


@pytest.fixture
def person(db: None) -> Person:
    def create(*rights: str) -> User:
        name = "-".join(rights) or "nobody"
        if rights == ("superuser",):
            return User.objects.create_superuser(name)
        user = User.objects.create_user(name)
        user.user_permissions.set(Permission.objects.filter(codename__in=rights))
        return user

    return create


@pytest.fixture
def operator(person: Person) -> Client:
    """The browser of somebody who may do everything."""
    client = Client()
    client.force_login(person("view_dashboard", "manage_jobs", "control_workers"))
    return client


@pytest.fixture
def onlooker(person: Person) -> Client:
    """The browser of somebody who may only look."""
    client = Client()
    client.force_login(person("view_dashboard"))
    return client


@pytest.fixture
def complaints(page: Page) -> Iterator[list[str]]:
    """What the browser complains about, such as a breach of the policy: nothing, at the end."""
    heard: list[str] = []
    page.on("console", lambda said: heard.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    yield heard
    assert heard == []


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limit a bulk run to four of them in a request."""
    for name in ("FIRST_STEP", "NEXT_STEP"):
        monkeypatch.setattr(
            f"django_jobs.dashboard.views.job_actions.{name}", StepBudget(max_scanned=4)
        )
