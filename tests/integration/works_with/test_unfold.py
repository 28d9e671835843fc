"""The list of jobs in the admin site works with django-unfold, too."""

from __future__ import annotations

from pathlib import Path

from tests.integration.works_with.small_site import run_site

PROGRAM = """
urlpatterns = site([], first=["unfold"])
client = superuser()
index = client.get("/admin/")
assert index.status_code == 200
assert 'href="/admin/django_jobs_dashboard/dashboard/"' in index.text, index.text
from tests.integration.dashboard.in_each_state import fill
from django_jobs.backends import our_backend
fill(our_backend("default"))
answer = client.get("/admin/django_jobs_dashboard/dashboard/")
assert answer.status_code == 200
assert "unfold/css/styles.css" in answer.text, answer.text
assert 'href="?state=dead"' in answer.text, answer.text
assert 'href="/jobs/job/?id=' in answer.text, answer.text
"""


def test_the_admin_of_unfold_lists_jobs(tmp_path: Path) -> None:
    run_site(PROGRAM, tmp_path)
