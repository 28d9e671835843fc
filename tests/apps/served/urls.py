"""One page, which enqueues."""

from __future__ import annotations

import touched  # type: ignore[import-not-found]  # noqa: F401  (a test touches it)
from django.http import HttpRequest, HttpResponse
from django.urls import path

from tests.apps.served.tasks import leave_effect


def enqueue(request: HttpRequest) -> HttpResponse:
    count, seconds = int(request.GET["count"]), float(request.GET["seconds"])
    first = int(request.GET["first"])
    results = [leave_effect.enqueue(first + number, seconds) for number in range(count)]
    return HttpResponse("\n".join(result.id for result in results))


urlpatterns = [path("", enqueue)]
