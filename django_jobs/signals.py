"""Signals beyond Django's `task_enqueued`, `task_started` and `task_finished`.

The sender is the backend's class, as it is there.
"""

from __future__ import annotations

from django.dispatch import Signal

job_retrying = Signal()
"""An attempt failed, and another one will follow.

Arguments: `task_result`, `error` (the exception) and `delay` (seconds until the next attempt).
Django's `task_finished` is sent only once for each job, when it has come to its end.
"""

job_recovered = Signal()
"""Jobs of a worker that vanished are back in their queues, or dead for the third such time.

Arguments: `recovered` and `buried`, both tuples of job ids.
"""
