"""The commands as an operator calls them, on jobs of either broker."""

from __future__ import annotations

import os
import subprocess
import uuid
from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import call_command

from django_jobs.backends import JobBackend
from django_jobs.brokers.base import Broker
from django_jobs.management.target import job_backend
from django_jobs.testing import override_backend
from tests.integration.commands.helpers import Answer, Jobs, Process
from tests.support.paths import ROOT
from tests.support.warm_python import run


@pytest.fixture(params=["dummy", "redis"])
def backend(request: pytest.FixtureRequest) -> Iterator[JobBackend]:
    """An empty backend with each of the brokers, whose jobs wait."""
    options = {}
    if request.param == "redis":
        # Keys of its own: no worker that an earlier test has left behind takes its jobs.
        options = {"url": request.getfixturevalue("redis_url"), "namespace": uuid.uuid4().hex}
    with override_backend(request.param, **options):
        yield job_backend("default")


@pytest.fixture
def redis_backend(redis_url: str) -> Iterator[JobBackend]:
    """An empty backend in Redis, for what is not to be seen from another process otherwise."""
    with override_backend("redis", url=redis_url):
        yield job_backend("default")


@pytest.fixture
def broker(backend: JobBackend) -> Broker:
    return backend.broker


@pytest.fixture
def jobs() -> Jobs:
    """Call `manage.py jobs` in this process: `jobs("list", "--state", "dead")`."""

    def call(*arguments: object) -> Answer:
        out, err = StringIO(), StringIO()
        call_command("jobs", *map(str, arguments), stdout=out, stderr=err)
        return Answer(out.getvalue(), err.getvalue())

    return call


@pytest.fixture
def environment() -> dict[str, str]:
    """Variables of processes that run the commands of the test site."""
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.apps.command_site.settings",
        "PYTHONPATH": str(ROOT),
    }


@pytest.fixture
def manage(environment: dict[str, str]) -> Process:
    """Run `manage.py` as a process of its own: `manage("jobs", "check", REDIS_URL="…")`."""

    def manage(*arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
        return run(["-m", "django", *map(str, arguments)], ROOT, environment | variables)

    return manage
