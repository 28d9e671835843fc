"""One request to the dashboard: who asks, about which backend."""

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
    """What every view is given.

    Attributes:
        visitor: who asks; their permissions are checked by then.
        backend: whose jobs are shown, chosen by `?backend=` where a site has several.
        aliases: of all backends that could be shown.
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
        """A new redactor, with the words of the backend."""
        import_once()
        return Redactor(self.backend.configuration.redact)

    @property
    def is_update(self) -> bool:
        """Whether an open page asks for its newest state, and nobody has clicked."""
        return "HX-Request" in self.http.headers

    def address(self, name: str, *args: Any, **query: Any) -> str:
        """Return the address of a page that shows the same backend.

        Args:
            name: of the page in `urls.py`.
            args: parts of its path.
            query: parameters; those that are None or "" are left out.
        """
        if self.backend.alias != self.aliases[0]:
            query = {"backend": self.backend.alias, **query}
        given = {key: value for key, value in query.items() if value not in {None, ""}}
        path = reverse(f"{NAMESPACE}:{name}", args=args)
        return f"{path}?{urlencode(given, doseq=True)}" if given else path


def chosen_backend(request: HttpRequest) -> JobBackend | None:
    """Return the backend that `?backend=` names, else the first of ours; None if there is none."""
    aliases = visible_aliases()
    asked = request.GET.get("backend", "")
    alias = asked if asked in aliases else next(iter(aliases), None)
    if alias is None:
        return None
    return our_backend(alias)


def visible_aliases() -> tuple[str, ...]:
    """Return the aliases in `TASKS` whose backends are ours, the default one first."""
    aliases = [backend.alias for backend in our_backends()]
    return tuple(sorted(aliases, key=lambda alias: (alias != DEFAULT_TASK_BACKEND_ALIAS, alias)))
