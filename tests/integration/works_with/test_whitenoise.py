"""The dashboard's files are served by WhiteNoise, under names with a hash of their content."""

from __future__ import annotations

from pathlib import Path

from tests.integration.works_with.small_site import run_site

PROGRAM = """
import re
from django.core.management import call_command

urlpatterns = site(
    [],
    middleware=["whitenoise.middleware.WhiteNoiseMiddleware"],
    STORAGES={
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    },
)
settings.DEBUG = False
call_command("collectstatic", interactive=False, verbosity=0)
client = superuser()
page = client.get("/jobs/")
assert page.status_code == 200
found = re.findall(r'(?:href|src)="(/static/django_jobs[^"]+)"', page.text)
assert found
for address in found:
    assert re.search(r"\\.[0-9a-f]{12}\\.", address), address
    served = client.get(address)
    assert served.status_code == 200, address
    assert "immutable" in served["Cache-Control"]
    served.close()
"""


def test_the_dashboard_finds_its_files(tmp_path: Path) -> None:
    run_site(PROGRAM, tmp_path)
