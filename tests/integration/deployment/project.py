"""A Django project in a folder of its own, as `startproject` would make it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.integration.deployment.each_call import END
from tests.support.paths import ROOT
from tests.support.warm_python import run

SECRET = "never-print-this"

MANAGE = """
import os, sys
from django.core.management import execute_from_command_line
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
execute_from_command_line(sys.argv)
"""

SETTINGS = """
import os
from pathlib import Path
import django
from django_jobs.conf import tasks_from_env

BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = os.environ.get("SECRET_KEY", "{secret}")
ALLOWED_HOSTS = ["*"]
DEBUG = "DEBUG" in os.environ
ROOT_URLCONF = "shop.urls"
WSGI_APPLICATION = "shop.wsgi.application"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django_jobs", "shop"]
INSTALLED_APPS += ["django_tasks"] if django.VERSION < (6, 0) else []
DATA = Path(os.environ.get("DATA", BASE_DIR))
DATABASES = {{
    "default": {{
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATA / "db.sqlite3",
        "OPTIONS": {{"transaction_mode": "IMMEDIATE"}},
    }}
}}
MEDIA_ROOT = os.environ.get("MEDIA_ROOT", BASE_DIR / "media")
STATIC_ROOT = BASE_DIR / "static"
TASKS = tasks_from_env()
"""

FILES = {
    "manage.py": MANAGE,
    "requirements.txt": "django\nredis\ndjango-environ\ncroniter\n",
    "shop/__init__.py": "",
    "shop/settings.py": SETTINGS.format(secret=SECRET),
    "shop/urls.py": """
from django.http import HttpResponse
from django.urls import path
from shop.tasks import note

def enqueue(request, text):
    return HttpResponse(note.enqueue(text).id)

urlpatterns = [path("enqueue/<str:text>/", enqueue), path("", lambda request: HttpResponse("shop"))]
""",
    "shop/tasks.py": """
import os
from pathlib import Path
from django_jobs import task

@task
def note(text):
    with (Path(os.environ.get("DATA", ".")) / "notes").open("a") as notes:
        notes.write(f"{text}\\n")
""",
    "shop/wsgi.py": """
import os
from django.core.wsgi import get_wsgi_application
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
application = get_wsgi_application()
""",
    "shop/asgi.py": """
import os
from django.core.asgi import get_asgi_application
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
application = get_asgi_application()
""",
}


EACH = Path(__file__).with_name("each_call.py")


@dataclass(frozen=True)
class DeployedProject:
    """A project whose commands run as processes of their own.

    Attributes:
        answers: of calls that were made before.
    """

    folder: Path
    answers: dict[object, list[str]] = field(default_factory=dict, compare=False)

    @classmethod
    def create(cls, folder: Path) -> DeployedProject:
        for name, text in FILES.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return cls(folder)

    def environment(self, **variables: str) -> dict[str, str]:
        ours = ("DJANGO_", "JOB_", "REDIS_", "COVERAGE")
        inherited = {key: text for key, text in os.environ.items() if not key.startswith(ours)}
        return inherited | {"PYTHONPATH": str(ROOT)} | variables

    def jobs(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run `manage.py jobs` from another folder, as cron or a person may."""
        command = (str(self.folder / "manage.py"), "jobs", *arguments)
        return run(command, Path("/"), self.environment(**variables))

    def printed(self, *arguments: str, **variables: str) -> str:
        """Return what a subcommand prints if it succeeds without a warning."""
        return self.each(arguments, **variables)[0]

    def each(self, *calls: Sequence[str], **variables: str) -> list[str]:
        """Return what several calls of subcommands print, all made by one process.

        An answer that was given before is given again.
        """
        key = (json.dumps(calls), *variables.items())
        if key not in self.answers:
            self.answers[key] = self._call(calls, variables)
        return self.answers[key]

    def _call(self, calls: Sequence[Sequence[str]], variables: dict[str, str]) -> list[str]:
        command = (str(EACH), str(self.folder / "manage.py"), json.dumps(calls))
        done = run(command, self.folder, self.environment(**variables))
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return done.stdout.split(END)[:-1]
