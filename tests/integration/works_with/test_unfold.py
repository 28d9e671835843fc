"""The entry in the admin site is there with django-unfold, too."""

from __future__ import annotations

from pathlib import Path

from tests.integration.works_with.small_site import run_site

PROGRAM = """
urlpatterns = site([], first=["unfold"])
client = superuser()
index = client.get("/admin/")
assert index.status_code == 200
assert 'href="/admin/django_jobs_dashboard/dashboard/"' in index.text, index.text
answer = client.get("/admin/django_jobs_dashboard/dashboard/", follow=True)
assert answer.redirect_chain == [("/jobs/list/", 302)], answer.redirect_chain
assert answer.status_code == 200
"""


def test_the_admin_of_unfold_leads_to_the_jobs(tmp_path: Path) -> None:
    run_site(PROGRAM, tmp_path)
