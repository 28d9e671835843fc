"""Pages for people who come from another system: each example does the same there and here."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
from dataclasses import dataclass, field
from inspect import cleandoc
from pathlib import Path

import pytest
from django import VERSION

from tests.support import warm_python
from tests.support.paths import ROOT
from tests.support.processes import output_of_python
from tests.support.waiting import wait_until

pytestmark = pytest.mark.long

HOWTO = ROOT / "docs" / "howto"
FILE = re.compile(
    r"^```python\n# (?:(before|after)/)?(shop/\S+\.py)\n(.*?)^```", re.MULTILINE | re.DOTALL
)
DONE = ["charged 7 with 1200", "reminded 7"]
DEADLINE = 120.0
MANAGE = re.compile(r"^ *python manage\.py (.+)$", re.MULTILINE)
OLD_ALIAS = 'TASKS = {**TASKS, "old": {"BACKEND": "django_tasks_db.DatabaseBackend"}}'

# What the examples take for granted.
SITE = {
    "settings.py": """
        import os
        import django
        SECRET_KEY = "coming"
        USE_TZ = True
        DATABASES = {
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": os.environ["SITE"] + "/db.sqlite3",
                "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20},
            }
        }
        INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "shop"]
        BACKPORT = ["django_tasks"] if django.VERSION < (6, 0) else []
        REDIS = os.environ["REDIS_URL"]
        """,
    "shop/__init__.py": "",
}
OURS = """
    from django_jobs.conf import tasks_from_env
    INSTALLED_APPS += [*BACKPORT, "django_jobs"]
    TASKS = tasks_from_env()
    """


@dataclass(frozen=True)
class Other:
    """Another system.

    Attributes:
        settings: what the end of the settings is for it.
        worker: the arguments of Python that start its worker.
        files: further files of the site.
    """

    settings: str
    worker: str
    files: dict[str, str] = field(default_factory=dict)


OTHERS = {
    "celery": Other(
        "CELERY_BROKER_URL = REDIS",
        "-m celery -A shop worker --pool solo --loglevel INFO",
        {
            "shop/celery.py": """
                from celery import Celery
                app = Celery("shop")
                app.config_from_object("django.conf:settings", namespace="CELERY")
                app.autodiscover_tasks()
                """,
            "shop/__init__.py": "from .celery import app",
        },
    ),
    "rq": Other(
        """
        INSTALLED_APPS += ["django_rq"]
        RQ_QUEUES = {"default": {"URL": REDIS}}
        """,
        "-m django rqworker --with-scheduler default",
    ),
    "huey": Other(
        """
        INSTALLED_APPS += ["huey.contrib.djhuey"]
        HUEY = {"huey_class": "huey.RedisHuey", "immediate": False, "url": REDIS}
        """,
        "-m django run_huey --quiet",
    ),
    "django-tasks": Other(
        """
        INSTALLED_APPS += [*BACKPORT, "django_tasks_db"]
        TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
        """,
        "-m django db_worker --interval 0.2",
    ),
}


class Site:
    """A project in a folder, with the files of one part of a page."""

    def __init__(self, folder: Path, files: dict[str, str], redis_url: str) -> None:
        self.folder = folder
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{text}\n")
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("DJANGO_", "PYTEST_"))
        }
        self.environment = inherited | {
            "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}",
            "DJANGO_SETTINGS_MODULE": "settings",
            "SITE": str(folder),
            "REDIS_URL": redis_url,
            "JOB_BACKEND": "redis",
        }

    def run(self, *arguments: str) -> None:
        output_of_python(arguments, self.folder, self.environment)

    def written(self) -> list[str]:
        path = self.folder / "bank.txt"
        return sorted(path.read_text().splitlines()) if path.exists() else []

    def work(self, *arguments: str) -> list[str]:
        """Run a worker until the jobs of an order have written, and return what they wrote."""
        self.run("-m", "django", "migrate", "--verbosity", "0")
        log = self.folder / "log"
        with log.open("w") as output:
            worker = warm_python.python(arguments, self.folder, self.environment, output)
        try:
            place = "import django; django.setup(); from shop.orders import place; place(7)"
            self.run("-c", place)
            wait_until(
                lambda: len(self.written()) >= len(DONE) or worker.poll() is not None,
                f"the jobs have not run, see {log}",
                DEADLINE,
            )
        finally:
            worker.send_signal(signal.SIGTERM)
            try:
                worker.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()
        return self.written() or [log.read_text()]


def files_of(page: str, part: str) -> dict[str, str]:
    """The files that a page shows for one part, `before` or `after`, or for both."""
    text = (HOWTO / f"{page}.md").read_text()
    if VERSION < (6, 0):
        text = text.replace("from django.tasks import", "from django_tasks import")
    return {name: code for found, name, code in FILE.findall(text) if found in ("", part)}


def files_for(page: str, part: str, settings: str, others: dict[str, str]) -> dict[str, str]:
    site = {name: cleandoc(text) for name, text in (SITE | others).items()}
    site["settings.py"] += f"\n{cleandoc(settings)}"
    return site | files_of(page, part)


@pytest.mark.parametrize("page", OTHERS)
def test_the_example_runs_with_the_other_system(page: str, tmp_path: Path, redis_url: str) -> None:
    other = OTHERS[page]
    files = files_for(page, "before", other.settings, other.files)
    assert Site(tmp_path, files, redis_url).work(*other.worker.split()) == DONE


@pytest.mark.parametrize("page", [*OTHERS, "sidekiq"])
def test_the_example_does_the_same_here(page: str, tmp_path: Path, redis_url: str) -> None:
    site = Site(tmp_path, files_for(page, "after", OURS, {}), redis_url)
    assert site.work("-m", "django", "runworker", "-c", "1") == DONE


def test_jobs_in_the_table_of_django_tasks_db_run_after_the_move(
    tmp_path: Path, redis_url: str
) -> None:
    files = files_for("django-tasks", "before", OTHERS["django-tasks"].settings, {})
    old = Site(tmp_path, files, redis_url)
    old.run("-m", "django", "migrate", "--verbosity", "0")
    old.run("-c", "import django; django.setup(); from shop.orders import place; place(7)")
    moved = f"{files['settings.py']}\n{cleandoc(OURS)}\n{cleandoc(OLD_ALIAS)}"
    site = Site(tmp_path, {"settings.py": moved}, redis_url)
    update, worker = MANAGE.findall((HOWTO / "django-tasks.md").read_text())
    site.run("-m", "django", *shlex.split(update))
    site.run("-m", "django", *shlex.split(worker), "--batch", "--no-reload")
    assert DONE[0] in site.written()


def test_each_page_has_an_example() -> None:
    pages = {path.stem for path in HOWTO.glob("*.md") if "before/shop/tasks.py" in path.read_text()}
    assert pages == set(OTHERS)
    for page in pages:
        assert set(files_of(page, "before")) == set(files_of(page, "after"))
