"""The numbers, states and messages that every broker shares; Redis scripts read them from here."""

from __future__ import annotations

from collections.abc import Mapping

from django_jobs.jobs.progress import MAX_NUMBER
from django_jobs.jobs.records import JOB_FORMAT, State
from django_jobs.metrics import deploys
from django_jobs.validation.ranges import FAIR_WEIGHT, PRIORITY

# Scripts use these names as they stand here: `redis/lua_constants.py` writes them there.

DAY_MS = 86_400_000
MAX_COUNT = MAX_NUMBER
"""Up to here every reader of a number is exact: Python, Lua and JavaScript."""

# --- states ---------------------------------------------------------------------------------------

ENDED = (State.SUCCEEDED, State.DEAD, State.DISCARDED)
"""The states whose jobs are listed newest first."""

DEFERRED = (State.SCHEDULED, State.RETRYING)
"""The states whose jobs wait for a time."""

LINED_UP = (State.QUEUED, State.WAITING)
"""The states whose jobs have a place in their queue."""

PERMITTED: Mapping[str, tuple[State, ...]] = {
    "retry": (State.DEAD, State.DISCARDED, *reversed(DEFERRED)),
    "cancel": (*LINED_UP, *DEFERRED, State.RUNNING),
    "delete": (State.DEAD, State.DISCARDED, State.SUCCEEDED, *LINED_UP, *DEFERRED),
}
"""For each action, the states of the jobs that an operator may do it to."""

MOVABLE = (*LINED_UP, *DEFERRED)
"""The states of the jobs that an operator may move to another queue or broker."""

# --- order ----------------------------------------------------------------------------------------

LOWEST_PRIORITY, HIGHEST_PRIORITY = PRIORITY.low, PRIORITY.high
PRIORITY_STEP = 2**44
"""The distance between two priorities in the order of a queue: room for as many arrivals."""

BEHIND_ALL = (HIGHEST_PRIORITY - LOWEST_PRIORITY + 1) * PRIORITY_STEP
"""From which place on jobs are listed that wait for others: behind those of all priorities."""

FIRST_TURN = PRIORITY_STEP // 2
"""Where the turns of fair keys begin within a priority; arrivals are below."""

FAIR_STEP = 840
"""The distance between two turns of a fair key of weight 1; those of weight 7 are 120 apart.

Most weights divide it, and for none does a turn that is rounded change a share by one percent. One
key that never has an empty queue uses up the turns of a priority after ten thousand million jobs.
"""

HIGHEST_WEIGHT = FAIR_WEIGHT.high

TURNS_FORGOTTEN = 20
"""How many fair keys without jobs one claim forgets, and two more for each job that it claims."""

FAIR_KEYS_SHOWN = 20
"""How many fair keys of a queue are listed: those with the most turns ahead of them."""

# --- failures -------------------------------------------------------------------------------------

MAX_CRASHES = 3
"""A job that was running in this many workers when they vanished is dead."""

WORKER_LOST = "django_jobs.errors.WorkerLost"
WORKER_LOST_MESSAGE = (
    "%d workers vanished while they ran this job, or could not report its end; the last was %s."
)
BROKEN_PAYLOAD = "django_jobs.errors.BrokenPayload"
BROKEN_PAYLOAD_MESSAGE = "What is stored for this job is not what django_jobs writes."

UNKNOWN_FORMAT = "django_jobs.errors.UnknownFormat"
UNKNOWN_FORMAT_MESSAGE = (
    f"A newer django_jobs enqueued this job: its record has the format %s, and this worker reads up"
    f" to {JOB_FORMAT}. Update the workers."
)

# --- jobs that a worker does not know -------------------------------------------------------------

POSTPONED_PER_CALL = 150
"""How many jobs of a later release, or of cancelled batches, one call may put aside: it holds up
the whole server."""

SHORTEST_PAUSE_MS, LONGEST_PAUSE_MS = 1_000, 300_000
"""A postponed job pauses for as long as it has been waiting, within these bounds."""

POSTPONED_MS = 7 * DAY_MS
"""For how long a job waits for a worker that knows it, until it is dead."""

POSTPONED_SEEN_MS = 2 * LONGEST_PAUSE_MS
"""How long it is remembered that jobs of a task were postponed: each is again in half that time."""

POSTPONED_TASKS = 100
"""How many such tasks are remembered."""

# --- unique jobs ----------------------------------------------------------------------------------

NO_DUE_TIME = 253_402_300_799_999
"""The due time of a successor, which waits for the end of another job: the last instant."""

ALIAS_MS = 3_600_000
"""For how long an id that `enqueue` returned before a commit is an alias of another job."""

RESENT_MS = 60_000
"""The same where `enqueue` returned that job itself: longer than copies of a push may take."""

SWEPT_LATER_MS = 60_000
"""How much later Redis removes an alias or a kept lock, of which the stored time says when it ends.

So the clock of the scripts alone decides.
"""

# --- limits ---------------------------------------------------------------------------------------

LIMITS_MET = 100
"""How often a job may raise `LimitReached` at no cost; the next time it is dead."""

LIMIT_KEPT_MS = 7 * DAY_MS
"""For how long a limit is kept that no job needs and no operator has changed, after a process has
declared it."""

LIMITS_SWEPT = 10
"""At how many limits a heartbeat looks, to forget those."""

STARTS_CORRECTED = 300
"""How many starts of a key a heartbeat corrects that a clock noted which was ahead."""

MOVED_PER_CALL = 150
"""How many jobs one call may let wait for slots, as it holds up the whole server.

One that has waited and starts counts twice.
"""

LOOKED_AT_PER_CALL = 75
"""At how many keys one call looks that may have got free slots.

As many as it lets jobs start that have waited.
"""

LISTED_PER_CALL = 150
"""For how many queues one call lists keys with free slots; the next one goes on."""

# --- batches --------------------------------------------------------------------------------------

EDGES_PER_CALL, FEWEST_EDGES = 150, 20
"""From how many ended nodes to waiting ones a call follows an edge: it holds up the server."""

EDGES_FOR_BATCH = 2
"""How many edges fewer a call follows for each batch of which it has written the counts."""

BATCH_HELD_MS = 3_600_000
"""How long after its last push a block that adds members is taken for vanished."""

BATCH_KEPT_MS = 7 * DAY_MS
"""For how long a batch is kept after its end; one with dead members as long as those."""

BATCHES_KEPT = 10_000
"""How many ended batches are kept at most, and how many ended workflows."""

RESULTS_BYTES = 64 * 1024 * 1024
"""How many bytes of results of other jobs a node may have as its arguments."""

RESULTS_PER_CALL, RESULTS_BYTES_PER_CALL = 1000, 4 * 1024 * 1024
"""How many results, and about how many bytes of them, one call reads."""

NODES_PER_CALL, NEW_EDGES_PER_CALL = 200, 400
"""How many nodes and edges of a workflow one call stores."""

EDGES_READ = 2000
"""How many edges of nodes one call reads, as it holds up the server."""

UPSTREAM_FAILED = "django_jobs.errors.UpstreamFailed"
UPSTREAM_FAILED_MESSAGE = "It needs the success of the job %s, which has failed."
ADDED_FAILED_MESSAGE = "It needs the success of the job %s, which has added a job that has failed."

AGAINST_WISH = ("django_jobs.errors.JobExpired", "django_jobs.errors.JobCancelled")
"""The errors with which a job is discarded that did not ask for it itself."""

# --- retention ------------------------------------------------------------------------------------

SUCCEEDED_KEPT = 100_000
DEAD_KEPT, DEAD_KEPT_MS = 10_000, 180 * DAY_MS
DISCARDED_KEPT, DISCARDED_KEPT_MS = 10_000, 7 * DAY_MS

KEPT: Mapping[State, int] = {
    State.SUCCEEDED: SUCCEEDED_KEPT,
    State.DEAD: DEAD_KEPT,
    State.DISCARDED: DISCARDED_KEPT,
}
"""How many ended jobs are kept at most."""

KEPT_MS: Mapping[State, int] = {State.DEAD: DEAD_KEPT_MS, State.DISCARDED: DISCARDED_KEPT_MS}
"""For how long they are kept. A success is kept for its job's `result_ttl`."""

FAILURES_KEPT = 10
WORKERS_KEPT = 10
"""How many of its last failures, and of the workers that ran it, a job keeps."""

QUEUE_KEPT_MS = DAY_MS
"""A queue that has been empty for so long is not listed any more, until it gets a job."""

CANCELLED_PER_CALL = 100
"""How many cancelled jobs that came back from their workers one heartbeat ends."""

REAPED_PER_CALL = 100
"""How many jobs of vanished workers a heartbeat takes back; the next one goes on."""

GIVEN_BACK_PER_CALL = 150
"""How many jobs one call gives back of a worker that stops, or does not know of them."""

LOST_WORKER_KEPT_MS = DAY_MS
"""How long a worker that vanished is told, should it come back, that it has lost its jobs."""

SENDERS_KEPT = 10_000
"""How many senders of jobs are remembered, so that late copies of their pushes change nothing."""

DEPLOYS_KEPT, DEPLOYS_KEPT_MS = deploys.DEPLOYS_KEPT, deploys.DEPLOYS_KEPT_MS
SAME_DEPLOY_MS = deploys.SAME_DEPLOY_MS

# --- bounds of one call ---------------------------------------------------------------------------

TICK_AHEAD_MS = 60_000
"""How far ahead of the broker's clock a tick may be. One that is later does not count."""

TICKS_PER_CALL = 100
"""How many ticks one call claims."""

BEATS = 4
"""Heartbeats in one lease: jobs of a dead worker are back within a lease and a beat."""

LONGEST_LEASE_MS = 3_600_000
"""The longest lease of a worker that other workers respect."""

MANY_QUEUES = 100
"""With more queues than this, a worker of all queues does not ask for those found empty."""

DUE_PER_CALL = 100
"""How many scheduled jobs one call queues that are due, and how many retrying ones."""

SWEEP = 500
"""How many expired jobs, or names of queues, one call looks at."""
