"""Signals beyond Django's `task_enqueued`, `task_started` and `task_finished`.

The sender is the backend's class, as it is there.
"""

from __future__ import annotations

from django.dispatch import Signal

job_merged = Signal()
"""A call of a unique task became no job of its own, as another job holds its lock.

Django's `task_enqueued` is not sent for such a call.

Arguments: `task_result` (whose id is the holder's), `call_id` (the id that the call would have had,
and which is an alias of the holder for some time) and `replaced` (whether the holder took the
arguments and the time of this call; also true for a call with "replace" that met only a lock that
is kept after a success).
"""

job_retrying = Signal()
"""An attempt failed, and another one will follow.

Arguments: `task_result`, `error` (the exception) and `delay` (seconds until the next attempt).
Django's `task_finished` is sent only once for each job, at its end.
"""

job_recovered = Signal()
"""Jobs of a lost worker are back in their queues, or dead after the third such loss.

Arguments: `recovered` and `dead`, both tuples of job ids.
"""

job_dead = Signal()
"""A job is dead: no attempt follows by itself.

Arguments: `job_id`, `task` (dotted path), `error` (the exception) and `task_result`, which is None
if the task can't be found or the job's arguments can't be read. A job that died with its worker has
a `WorkerLost` as its error, and the worker that ended it sends the signal.
"""

job_stuck = Signal()
"""A job still runs some time after its timeout, in code that can't be interrupted.

Arguments: `job_id`, `task` (dotted path) and `task_result`. It is sent once for each attempt.
"""

worker_started = Signal()
"""A worker has sent its first heartbeat and begins to take jobs.

Arguments: `worker` (its id), `backend` (alias in `TASKS`) and `queues` (names, empty for all).
"""

worker_stopped = Signal()
"""A worker has stopped, and holds no jobs any more.

Arguments: `worker` and `backend`, as above, `given_back` (how many running jobs went back to their
queues) and `failed` (whether a part of it could not go on).
"""
