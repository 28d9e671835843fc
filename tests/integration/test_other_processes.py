"""The package in other processes: before Django is set up, without databases, after forks."""

from __future__ import annotations

import subprocess
import sys

from tests.support.waiting import DEADLINE

FORKS = """
import os
from django_jobs.jobs.ids import new_job_id, new_job_ids
new_job_id()
for _ in range(4):
    os.fork()
ids = [*(new_job_id() for _ in range(50)), *new_job_ids(5)]
os.write(1, (" ".join(ids) + " ").encode())
"""

SETTINGS_MODULE = """
import django
from django_jobs.conf import tasks_from_env
from django.conf import settings
settings.configure(INSTALLED_APPS=["django_jobs"], TASKS=tasks_from_env(), USE_TZ=True)
django.setup()
print(settings.TASKS["default"]["BACKEND"])
"""

WITHOUT_DATABASES = """
import django
from django.conf import settings
settings.configure()
django.setup()
from django_jobs.backends.on_commit import open_transactions, run_after_all_commits
run_after_all_commits(open_transactions(), lambda: print("pushed"), print)
"""


def output(program: str) -> str:
    """Run a program, which must end well and complain of nothing, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_forks_of_a_process_draw_different_ids() -> None:
    ids = output(FORKS).split()

    assert len(set(ids)) == len(ids) == 2**4 * 55


def test_a_settings_module_calls_tasks_from_env_before_django_is_set_up() -> None:
    assert output(SETTINGS_MODULE).strip() == "django_jobs.backends.ThreadPoolBackend"


def test_a_site_without_databases_enqueues() -> None:
    assert output(WITHOUT_DATABASES) == "pushed\n"
