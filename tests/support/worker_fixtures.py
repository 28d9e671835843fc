"""Workers with a real Redis: as processes, and in this process."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from django_jobs.backends import RedisBackend
from django_jobs.compat import task_backends
from django_jobs.worker.options import WorkerOptions
from django_jobs.worker.worker import Worker
from tests.apps.worker_site.settings import QUEUES
from tests.support.waiting import DEADLINE, wait_until
from tests.support.workers import Notes, Site


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Notes:
    """What the tasks of this test write."""
    monkeypatch.setenv("WORKER_NOTES", str(tmp_path / "notes"))
    return Notes(tmp_path / "notes")


@pytest.fixture
def configure(settings: Any, redis_url: str, notes: Notes) -> Callable[..., RedisBackend]:
    """Sets options of the Redis backend that this process enqueues to."""

    # Of its own for each test: a stopped worker's thread may still wait for a push in this process.
    namespace = secrets.token_hex(4)

    def change(**options: Any) -> RedisBackend:
        options = {"url": redis_url, "namespace": namespace, **options}
        redis = {"BACKEND": "django_jobs.backends.RedisBackend", "QUEUES": QUEUES}
        settings.TASKS = {"default": {**redis, "OPTIONS": options}}
        return current_backend()

    change()
    return change


@pytest.fixture
def backend(configure: Callable[..., RedisBackend]) -> RedisBackend:
    """The Redis backend of this process, with an empty database."""
    return current_backend()


def current_backend() -> RedisBackend:
    backend = task_backends["default"]
    assert isinstance(backend, RedisBackend)
    return backend


@pytest.fixture
def site(tmp_path: Path, redis_url: str, backend: RedisBackend) -> Iterator[Site]:
    """A site with workers as processes; what this process enqueues is theirs."""
    options = {"url": redis_url, "namespace": backend.configuration.namespace}
    made = Site(tmp_path, options)
    yield made
    made.end()


Deploy = Callable[[str], None]


@pytest.fixture
def deploy(site: Site, tmp_path: Path) -> Deploy:
    """Changes the code of an app of the site, of which workers know the module with tasks."""
    folder = tmp_path / "deployed"
    folder.mkdir()
    (folder / "__init__.py").touch()
    site.variables |= {
        "PYTHONPATH": str(tmp_path),
        "PYTHONDONTWRITEBYTECODE": "1",  # what changes within a second would go unnoticed
        "WORKER_APP": "deployed",
    }

    def change(code: str) -> None:
        (folder / "tasks.py").write_text(code)

    return change


StartWorker = Callable[..., Worker]


@pytest.fixture
def start_worker(configure: Callable[..., RedisBackend]) -> Iterator[StartWorker]:
    """Starts workers in this process, for the backend as it is configured then."""
    started: list[Worker] = []

    def start(**options: Any) -> Worker:
        worker = current_backend().make_worker(WorkerOptions(**{"concurrency": 4, **options}))
        worker.sign_on()
        worker.start()
        started.append(worker)
        return worker

    yield start
    for worker in started:
        worker.stop(5)


@pytest.fixture
def run_all(start_worker: StartWorker) -> Callable[..., Worker]:
    """Runs what is queued, in this process, until nothing is."""

    def run(**options: Any) -> Worker:
        worker = start_worker(burst=True, **options)
        wait_until(worker.over.is_set, "the worker did not come to its end")
        worker.stop(DEADLINE)
        return worker

    return run


@pytest.fixture(autouse=True)
def no_thread_dies_unheard(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A thread that ends with an error fails the test."""
    died: list[str] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: died.append(repr(args.exc_value)))
    yield
    assert not died
