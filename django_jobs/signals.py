"""Signals beyond Django's `task_enqueued`, `task_started` and `task_finished`.

The sender is the backend's class, as it is there.
"""

from __future__ import annotations

from django.dispatch import Signal

job_retrying = Signal()
"""An attempt failed, and another one will follow.

Arguments: `task_result`, `error` (the exception) and `delay` (seconds until the next attempt).
Django's `task_finished` is sent only once for each job, at its end.
"""

job_recovered = Signal()
"""Jobs of a lost worker are back in their queues, or dead after the third such loss.

Arguments: `recovered` and `buried`, both tuples of job ids.
"""
