"""Settings, with those of a system's declaration from BENCH_SETTINGS."""

from __future__ import annotations

import json
import logging
import os

SECRET_KEY = "benchmarks"  # noqa: S105 - nothing is signed with it
USE_TZ = True
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}

globals().update(json.loads(os.environ["BENCH_SETTINGS"]))
logging.disable(logging.INFO)  # some backends write two lines per job, whatever LOGGING says
