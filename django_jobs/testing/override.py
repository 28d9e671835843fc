"""Replaces a backend during a test."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings
from django.test.utils import TestContextDecorator

from django_jobs.compat import DEFAULT_TASK_BACKEND_ALIAS
from django_jobs.conf.from_env import BACKENDS
from django_jobs.suggest import unknown_name


class override_backend(override_settings):
    """Replace the backend of an alias in `TASKS` by one that starts without jobs, during a test.

    A context manager, and a decorator of test functions, test methods and Django's `TestCase`
    classes, as `override_settings` is. The alias keeps its queues.

    Args:
        kind: "dummy" (jobs only wait), "inline" (they run where they are enqueued), "async",
            "redis", or the dotted path of a backend.
        alias: in `TASKS`.
        options: of that backend, such as `enqueue_on_commit=False`.

    Raises:
        ImproperlyConfigured: there is no such kind; once the backend is used, also that an option
            is unknown or has no valid value.
    """

    def __init__(
        self, kind: str = "dummy", *, alias: str = DEFAULT_TASK_BACKEND_ALIAS, **options: Any
    ) -> None:
        if kind not in BACKENDS and "." not in kind:
            raise ImproperlyConfigured(
                f"override_backend: {unknown_name('backend', kind, BACKENDS)}"
            )
        self._path = BACKENDS.get(kind, kind)
        self._alias = alias
        self._backend_options = options
        super().__init__()

    def enable(self) -> None:
        self.options = self._tasks()
        super().enable()

    def decorate_class(self, cls: type[Any]) -> type[Any]:
        """Override the settings for a class as Django does, and start each test without jobs."""
        return TestContextDecorator.decorate_class(self, super().decorate_class(cls))

    def save_options(self, test_func: Any) -> None:
        """Do nothing: a decorated class enables its options elsewhere."""
        self.options = self._tasks()
        super().save_options(test_func)

    def _tasks(self) -> dict[str, Any]:
        # Read late, so that nested overrides add up.
        before = getattr(settings, "TASKS", {})
        backend: dict[str, Any] = {"BACKEND": self._path}
        if self._backend_options:
            backend["OPTIONS"] = self._backend_options
        if "QUEUES" in before.get(self._alias, {}):
            backend["QUEUES"] = before[self._alias]["QUEUES"]
        return {"TASKS": {**before, self._alias: backend}}
