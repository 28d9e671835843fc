"""The panel of the debug toolbar shows what a request enqueues."""

from __future__ import annotations

from pathlib import Path

import django
import pytest

from tests.integration.works_with.small_site import run_site

PROGRAM = """
from django.db import transaction
from django.http import HttpResponse

def page(request):
    with transaction.atomic():
        note.enqueue("in a transaction")
    note.using(priority=7).enqueue("outside")
    return HttpResponse("<html><body>page</body></html>")

urlpatterns = site(
    ["debug_toolbar"],
    middleware=["debug_toolbar.middleware.DebugToolbarMiddleware"],
    DEBUG_TOOLBAR_PANELS=["debug_toolbar.panels.tasks.TasksPanel"],
    DEBUG_TOOLBAR_CONFIG={"SHOW_TOOLBAR_CALLBACK": lambda request: True},
)
urlpatterns += [path("page/", page), path("__debug__/", include("debug_toolbar.urls"))]
sys.path.insert(0, sys.argv[1])
from work import note
client = superuser()
text = client.get("/page/").text
import re
store = re.search(r'data-request-id="([^"]+)"', text)[1]
panel = client.get("/__debug__/render_panel/", {"request_id": store, "panel_id": "TasksPanel"})
shown = panel.json()["content"]
assert shown.count("work.note") == 2, shown
assert "in a transaction" in shown
assert "outside" in shown
"""

TASKS = """
from django_jobs import task

@task
def note(text):
    pass
"""


@pytest.mark.skipif(django.VERSION < (6, 0), reason="its panel of tasks needs Django 6")
def test_the_panel_lists_jobs_in_and_out_of_transactions(tmp_path: Path) -> None:
    (tmp_path / "work.py").write_text(TASKS)
    run_site(PROGRAM, tmp_path)
