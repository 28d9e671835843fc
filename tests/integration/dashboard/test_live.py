"""Open pages update themselves without disturbing their readers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.test import Client
from django.urls import reverse

from django_jobs.backends.base import JobBackend
from tests.support.builders import make_jobs

if TYPE_CHECKING:
    pass

QUEUES = reverse("django_jobs_dashboard:queues")


def test_what_has_not_changed_is_not_sent_again(onlooker: Client, backend: JobBackend) -> None:
    first = onlooker.get(QUEUES)
    again = onlooker.get(QUEUES, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["Content-Security-Policy"] == first.headers["Content-Security-Policy"]

    backend.broker.push(make_jobs(3))
    changed = onlooker.get(QUEUES, headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200
