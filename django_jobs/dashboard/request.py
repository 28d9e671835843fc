"""A request to the dashboard: its visitor and the chosen backend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from django_jobs.backends import JobBackend, our_backend, our_backends
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.compat import DEFAULT_TASK_BACKEND_ALIAS
from django_jobs.tasks.redaction.known_tasks import import_once
from django_jobs.tasks.redaction.redactor import Redactor

from .access import Visitor

NAMESPACE = "django_jobs_dashboard"


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardRequest:
    """The argument of every view.

    Attributes:
        http: Django's request.
        visitor: who sent it; their permission is already checked.
        backend: the backend to show, chosen by `?backend=` if there are several.
        aliases: the aliases of all backends that can be shown.
    """

    http: HttpRequest
    visitor: Visitor
    backend: JobBackend
    aliases: tuple[str, ...]

    @property
    def inspection(self) -> Inspection:
        return self.backend.broker.inspection

    @property
    def redactor(self) -> Redactor:
        """A new redactor, with the `REDACT` words of the backend."""
        import_once()
        return Redactor(self.backend.configuration.redact)

    @property
    def is_update(self) -> bool:
        """Whether this is a live update of an open page, not a visit."""
        return "HX-Request" in self.http.headers

    def address(self, name: str, *args: Any, **query: Any) -> str:
        """Return the URL of a page or action, for the same backend.

        Args:
            name: the name of the URL in `urls.py`.
            args: the positional arguments of the URL.
            query: the query parameters; those that are None or "" are left out.
        """
        if self.backend.alias != self.aliases[0]:
            query = {"backend": self.backend.alias, **query}
        given = {key: value for key, value in query.items() if value not in {None, ""}}
        path = reverse(f"{NAMESPACE}:{name}", args=args)
        return f"{path}?{urlencode(given, doseq=True)}" if given else path


def chosen_backend(request: HttpRequest) -> JobBackend | None:
    """Return the backend that `?backend=` names, or else the first; None if there is none."""
    aliases = visible_aliases()
    asked = request.GET.get("backend", "")
    alias = asked if asked in aliases else next(iter(aliases), None)
    if alias is None:
        return None
    return our_backend(alias)


def visible_aliases() -> tuple[str, ...]:
    """Return the aliases of the backends of django_jobs in `TASKS`, the default one first."""
    aliases = [backend.alias for backend in our_backends()]
    return tuple(sorted(aliases, key=lambda alias: (alias != DEFAULT_TASK_BACKEND_ALIAS, alias)))
