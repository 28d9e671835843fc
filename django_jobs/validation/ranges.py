"""The values that a task's options may have; docs/reference/api.md lists them."""

from __future__ import annotations

from django_jobs.validation.validators import YEAR, Number, Span, Whole

LONGEST = 100 * YEAR
"""Seconds. No time that a task or a call names may be longer, or lie further away from now.

It is beyond every plan, and far from where clocks, dates and the numbers in Redis end.
"""

PRIORITY = Whole(-100, 100)
RUN_AFTER = Span(-LONGEST, LONGEST)
TIMEOUT = Span(0.001, LONGEST)
EXPIRES = Span(0.001, LONGEST)
RESULT_TTL = Span(0, LONGEST)
ATTEMPTS = Whole(1, 1_000_000)
WAIT = Span(0, LONGEST)
JITTER = Number(0, 1)

TIMES = (
    ("timeout", TIMEOUT, "for no limit"),
    ("expires", EXPIRES, "for a job that never expires"),
    ("result_ttl", RESULT_TTL, "for what the backend says"),
)
"""The options of `@task` that are times, and what None stands for."""

OVERRIDES = 65_536
"""Bytes that options which travel with one job may take."""
