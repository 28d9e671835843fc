"""The metrics of jobs in a registry of prometheus_client."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.parser import text_string_to_metric_families

from django_jobs.backends import JobBackend
from django_jobs.brokers.prometheus import exposition
from django_jobs.contrib.prometheus import JobsCollector
from django_jobs.contrib.prometheus.collector import OF_ALL_BACKENDS
from tests.apps.backend_site import tasks
from tests.settings import INSTALLED_APPS
from tests.support.results import succeeded
from tests.support.waiting import wait_until


def registry_of(*aliases: str) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(JobsCollector(*aliases))
    return registry


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_metrics_are_those_of_the_dashboard_with_their_backend(backend: JobBackend) -> None:
    result = tasks.echo.enqueue("value")
    succeeded(result)
    backend.broker.inspection.pause("default")
    tasks.echo.enqueue("another")
    registry = registry_of()
    size = ("django_jobs_queue_size", {"backend": "default", "queue": "default"})
    wait_until(lambda: registry.get_sample_value(*size) == 1)

    def are_equal() -> bool:
        ours = samples(generate_latest(registry).decode())
        theirs = samples(exposition(backend.broker))
        assert ours.pop(("django_jobs_up", (("backend", "default"),))) == 1
        theirs = {
            (name, tuple(sorted([*labels, ("backend", "default")]))): value
            for (name, labels), value in theirs.items()
        }
        for moving in (ours, theirs):
            for key in [key for key in moving if key[0] == "django_jobs_queue_latency_seconds"]:
                del moving[key]
        return ours == theirs

    wait_until(are_equal, "not the same metrics")


def test_only_chosen_backends_are_read(backend: JobBackend) -> None:
    text = generate_latest(registry_of("another")).decode()

    assert 'backend="default"' not in text


def test_registering_asks_no_broker(settings: Any) -> None:
    settings.TASKS = {
        "default": {
            "BACKEND": "django_jobs.backends.RedisBackend",
            "OPTIONS": {"url": "redis://127.0.0.1:1/0", "socket_timeout": 0.1},
        }
    }

    registry = registry_of()

    assert registry.get_sample_value("django_jobs_up", {"backend": "default"}) == 0
    assert "django_jobs_jobs{" not in generate_latest(registry).decode()


def test_it_stands_in_a_registry_of_several_processes(
    backend: JobBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    registry = registry_of()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]

    text = generate_latest(registry).decode()

    assert text.count("# TYPE django_jobs_jobs gauge") == 1


def test_the_app_registers_the_metrics_once(settings: Any) -> None:
    settings.TASKS = {"default": {"BACKEND": "django_jobs.backends.InlineBackend"}}
    try:
        for _ in range(2):
            settings.INSTALLED_APPS = [*INSTALLED_APPS, "django_jobs.contrib.prometheus"]
        text = generate_latest(REGISTRY).decode()
    finally:
        REGISTRY.unregister(OF_ALL_BACKENDS)

    assert text.count('django_jobs_up{backend="default"} 1.0') == 1
