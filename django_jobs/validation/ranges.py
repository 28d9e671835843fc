"""The values that a task's options may have; docs/reference/api.md lists them."""

from __future__ import annotations

from django_jobs.validation.validators import YEAR, Duration, Number, WholeNumber

LONGEST_TIME = 100 * YEAR
"""Seconds. No time that a task or a call names may be longer, or lie further away from now.

It is beyond every plan, and far from where clocks, dates and the numbers in Redis end.
"""

PRIORITY = WholeNumber(-100, 100)
RUN_AFTER = Duration(-LONGEST_TIME, LONGEST_TIME)
TIMEOUT = Duration(0.001, LONGEST_TIME)
EXPIRES = Duration(0.001, LONGEST_TIME)
RESULT_TTL = Duration(0, LONGEST_TIME)
ATTEMPTS = WholeNumber(1, 1_000_000)
WAIT = Duration(0, LONGEST_TIME)
JITTER = Number(0, 1)

TIME_OPTIONS = (
    ("timeout", TIMEOUT, "for no limit"),
    ("expires", EXPIRES, "for a job that never expires"),
    ("result_ttl", RESULT_TTL, "for what the backend says"),
)
"""The options of `@task` that are times, and what None stands for."""

MAX_OVERRIDES = 65_536
"""Bytes that options which travel with one job may take."""
