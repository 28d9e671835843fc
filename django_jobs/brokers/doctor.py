"""The contract of the doctor, which finds inconsistencies in a store and repairs them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

PASSES = 5
"""How often a repair goes through the store, as repairing one thing can uncover another."""


class Trouble(StrEnum):
    """The kinds of inconsistencies."""

    WRONG_TYPE = "wrong_type"
    UNKNOWN_KEY = "unknown_key"
    UNREADABLE_JOB = "unreadable_job"
    UNLISTED_JOB = "unlisted_job"
    MISPLACED_JOB = "misplaced_job"
    MISSING_JOB = "missing_job"
    WRONG_PLACE = "wrong_place"
    ENDLESS_JOB = "endless_job"
    STRAY_CLAIM = "stray_claim"
    UNREADABLE_CLAIM = "unreadable_claim"
    NO_LEASE = "no_lease"
    STRAY_LOCK = "stray_lock"
    LOST_LOCK = "lost_lock"
    STRAY_SLOT = "stray_slot"
    MISSING_SLOT = "missing_slot"
    CLOSED_KEY = "closed_key"
    STRAY_WAIT = "stray_wait"
    STUCK_BATCH = "stuck_batch"
    STRAY_KEY = "stray_key"
    ENDLESS_KEY = "endless_key"
    UNLISTED_QUEUE = "unlisted_queue"
    UNKNOWN_PAUSE = "unknown_pause"
    FUTURE_TICK = "future_tick"
    WRONG_COUNT = "wrong_count"
    UNREADABLE_VALUE = "unreadable_value"


class Wording(NamedTuple):
    """Messages with `{where}` and `{detail}`: what is wrong, and what a repair does."""

    problem: str
    repair: str


WORDINGS = {
    Trouble.WRONG_TYPE: Wording(
        "The key {where} has the wrong type: {detail}.",
        "delete it; a job whose key it is becomes dead",
    ),
    Trouble.UNKNOWN_KEY: Wording("The key {where} does not belong to django_jobs.", ""),
    Trouble.UNREADABLE_JOB: Wording(
        "The job {where} can't be read: {detail}.",
        "end it as dead with BrokenPayload; of an ended job, drop the unreadable fields",
    ),
    Trouble.UNLISTED_JOB: Wording(
        "The {detail} job {where} is in no index, so nothing will happen to it.",
        "add it to the index of its state",
    ),
    Trouble.MISPLACED_JOB: Wording(
        "{where} lists the job {detail}, but the job's own fields say that it is elsewhere.",
        "remove that entry",
    ),
    Trouble.MISSING_JOB: Wording(
        "{where} lists the job {detail}, which does not exist.", "remove that entry"
    ),
    Trouble.WRONG_PLACE: Wording(
        "The place of the job {detail} in {where} is invalid.",
        "move it to the end of its queue, or to now",
    ),
    Trouble.ENDLESS_JOB: Wording(
        "The ended job {where} would be kept forever.", "keep it for the time of its state"
    ),
    Trouble.STRAY_CLAIM: Wording(
        "The worker {where} holds a claim of the job {detail}, which does not run there.",
        "remove the claim",
    ),
    Trouble.UNREADABLE_CLAIM: Wording(
        "The claim of the job {detail} by the worker {where} can't be read.",
        "remove it; the job goes to the end of its queue",
    ),
    Trouble.NO_LEASE: Wording(
        "The worker {where} holds jobs but has no lease, so its jobs would never come back.",
        "start a lease; when it ends, other workers take the jobs",
    ),
    Trouble.STRAY_LOCK: Wording(
        "The lock {where} of a unique job belongs to the job {detail}, which does not need it.",
        "give it to the job that waits for it, or delete it",
    ),
    Trouble.LOST_LOCK: Wording(
        "The unique job {where} has no lock, so another one with the same arguments may be stored.",
        "give it its lock",
    ),
    Trouble.STRAY_SLOT: Wording(
        "{detail} slots of {where} are taken by no running job.", "free them"
    ),
    Trouble.MISSING_SLOT: Wording(
        "{detail} running jobs are not counted by {where}.", "count them"
    ),
    Trouble.CLOSED_KEY: Wording(
        "Jobs of the queue {detail} wait for {where}, and nothing will start them.",
        "let the next call look at it",
    ),
    Trouble.STRAY_WAIT: Wording(
        "The job {where} waits for {detail}, which will not start it.", "discard it"
    ),
    Trouble.STUCK_BATCH: Wording(
        "The batch {where} is not what its counts say: {detail}.", "bring it to what they say"
    ),
    Trouble.STRAY_KEY: Wording("{where} belongs to {detail}, which does not exist.", "delete it"),
    Trouble.ENDLESS_KEY: Wording("The key {where} never expires.", "let it expire"),
    Trouble.UNLISTED_QUEUE: Wording(
        "The queue {where} has jobs but is missing in the list of queues, so workers that"
        " serve every queue miss it.",
        "add it to the list",
    ),
    Trouble.UNKNOWN_PAUSE: Wording("The queue {where} is paused and has never held a job.", ""),
    Trouble.FUTURE_TICK: Wording(
        "The last tick of the periodic task {where} is in the future.",
        "remove it, so that the task runs at its next tick",
    ),
    Trouble.WRONG_COUNT: Wording("The count {where} is wrong: {detail}.", "correct it"),
    Trouble.UNREADABLE_VALUE: Wording(
        "{where} holds an unreadable value: {detail}.", "remove that value"
    ),
}

REMARKS = frozenset({Trouble.UNKNOWN_KEY, Trouble.UNKNOWN_PAUSE})
"""Findings that may be intended: they are reported and left alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One inconsistency.

    Attributes:
        where: name of the key, queue, worker or periodic task, or id of the job.
        detail: more about it, such as the entry of an index.
        repairable: whether a repair can do something about it now.
    """

    trouble: Trouble
    where: str
    detail: str = ""
    repairable: bool = True

    @property
    def is_remark(self) -> bool:
        """Whether it may be intended."""
        return self.trouble in REMARKS

    @property
    def problem(self) -> str:
        """What is wrong, in one sentence."""
        return WORDINGS[self.trouble].problem.format(where=self.where, detail=self.detail)

    @property
    def repair(self) -> str:
        """What a repair does about it, or "" if it does nothing."""
        return WORDINGS[self.trouble].repair if self.repairable else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """The result of an examination.

    Attributes:
        repaired: findings that were repaired.
        left: findings that were not.
    """

    repaired: tuple[Finding, ...] = ()
    left: tuple[Finding, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether no findings are left but remarks."""
        return all(finding.is_remark for finding in self.left)


class Doctor(ABC):
    """Goes through a store in portions, while workers use it.

    Each portion is examined, and repaired, in one atomic step, so nothing that a worker is changing
    is taken for an inconsistency.
    """

    @abstractmethod
    def examine(self) -> Iterator[Finding]:
        """Yield all findings; change nothing."""

    @abstractmethod
    def repair(self) -> Iterator[Finding]:
        """Repair what can be repaired, and yield those findings."""

    def diagnose(self, *, repair: bool = False) -> Diagnosis:
        """Examine the store.

        Args:
            repair: whether to repair findings first.
        """
        repaired: list[Finding] = []
        for _ in range(PASSES if repair else 0):
            found = list(self.repair())
            repaired += found
            if not found:
                break
        return Diagnosis(repaired=tuple(repaired), left=tuple(self.examine()))
