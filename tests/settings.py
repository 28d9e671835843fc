"""The settings of the test suite: the example site, with models that only tests have."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

# Also for the processes that tests start, which know nothing of pytest's own path.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "example_project"))

from example.common import *  # noqa: F403
from example.common import INSTALLED_APPS as SITE_APPS
from tests.support.quick_imports import without_opentelemetry

without_opentelemetry()

SECRET_KEY = "tests"
SITE_URL = "http://testserver"
SHOW_SENT_MAILS = True
INSTALLED_APPS = [*SITE_APPS, "tests.apps.library"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Jobs run in threads of their own. They share a file as they do on a site; connections to one
# SQLite database in memory lock each other out at once instead of waiting.
_FILES = Path(tempfile.gettempdir())
DATABASES = {
    alias: {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": ":memory:",
        "TEST": {"NAME": str(_FILES / f"django_jobs_{alias}_{os.getpid()}.sqlite3")},
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;",
        },
    }
    for alias in ("default", "other")
}
TASKS = {
    "default": {
        "BACKEND": "django_jobs.backends.ThreadPoolBackend",
        "QUEUES": ["critical", "default", "mailers", "low"],
    }
}
JOB_RECAP = {
    "RECIPIENTS": "tests.apps.recap_site.content.recipients",
    "CONTENT": "tests.apps.recap_site.content.content",
    "BASE_URL": "https://example.com",
}
