"""Apps that record what the signals of tasks tell see each job from its start to its end."""

from __future__ import annotations

from pathlib import Path

import django
import pytest

from tests.integration.works_with.small_site import run_site

pytestmark = pytest.mark.skipif(django.VERSION < (6, 0), reason="these apps need Django 6")

TASKS = """
from django_jobs import Retry, task

@task
def add(a, b):
    return a + b

@task(retry=Retry(attempts=1))
def fail():
    raise ValueError("no luck")
"""

RUN = """
import time
from work import add, fail

def ended(result):
    deadline = time.monotonic() + 20
    while not result.is_finished:
        assert time.monotonic() < deadline
        time.sleep(0.02)
        result.refresh()

for result in (add.enqueue(1, 2), fail.enqueue()):
    ended(result)

def wait_for(condition, what):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, what()
        time.sleep(0.02)
"""

MONITOR = (
    """
urlpatterns = site(["tasks_monitor"])
sys.path.insert(0, sys.argv[1])
"""
    + RUN
    + """
from tasks_monitor.models import TaskRecord
def found():
    return sorted(TaskRecord.objects.values_list("task_path", "status"))
wait_for(lambda: found() == [("work.add", "SUCCESSFUL"), ("work.fail", "FAILED")], found)
assert superuser().get("/admin/tasks_monitor/taskrecord/").status_code == 200
"""
)

OVERSEER = (
    """
urlpatterns = site(["overseer"])
urlpatterns.append(path("overseer/", include("overseer.urls")))
sys.path.insert(0, sys.argv[1])
"""
    + RUN
    + """
client = superuser()
def found():
    return client.get("/overseer/jobs/").text
wait_for(lambda: "work.fail" in found() and "work.add" in found(), found)
"""
)


@pytest.mark.parametrize("program", [MONITOR, OVERSEER], ids=["tasks-monitor", "overseer"])
def test_each_job_is_recorded(tmp_path: Path, program: str) -> None:
    (tmp_path / "work.py").write_text(TASKS)
    run_site(program, tmp_path)
