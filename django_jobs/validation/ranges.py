"""The ranges of task options; docs/reference/api.md lists them."""

from __future__ import annotations

from django_jobs.validation.validators import YEAR, Duration, Number, WholeNumber

LONGEST_TIME = 100 * YEAR
"""Seconds: the longest time that a task or a call may name, also counted from now.

It is longer than any plan, and far below the limits of clocks, dates and numbers in Redis.
"""

PRIORITY = WholeNumber(-100, 100)
RUN_AFTER = Duration(-LONGEST_TIME, LONGEST_TIME)
TIMEOUT = Duration(0.001, LONGEST_TIME)
EXPIRES = Duration(0.001, LONGEST_TIME)
RESULT_TTL = Duration(0, LONGEST_TIME)
FAIR_WEIGHT = WholeNumber(1, 20)
ATTEMPTS = WholeNumber(1, 1_000_000)
WAIT = Duration(0, LONGEST_TIME)
JITTER = Number(0, 1)
KEEP_FOR = Duration(0.001, LONGEST_TIME)
LIMIT = WholeNumber(1, 1_000_000)
RATE = WholeNumber(1, 100_000)
PERIOD = Duration(0.001, YEAR)

TIME_OPTIONS = (
    ("timeout", TIMEOUT, "for no limit"),
    ("expires", EXPIRES, "for a job that never expires"),
    ("result_ttl", RESULT_TTL, "for what the backend says"),
)
"""The options of `@task` that are times, with the meaning of None."""

MAX_OVERRIDES = 65_536
"""The largest size of the options that travel with one job, in bytes."""
