"""The slots of limits in memory: who holds them, when jobs started, and what is closed."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass
from itertools import islice

from django_jobs.brokers.constants import LIMIT_KEPT_MS, LIMITS_SWEPT
from django_jobs.jobs.limits import JobLimit

from .ranking import Ranking
from .stored_job import StoredJob


@dataclass(slots=True)
class Number:
    """How many slots each key of a limit has.

    Attributes:
        n: as declared.
        per: length of the period in milliseconds, or 0.
        declared_at: when, in Unix milliseconds.
        own: what an operator says instead of `n`, or None.
        paused: whether it gives no slots at all.
    """

    n: int
    per: int
    declared_at: int
    own: int | None = None
    paused: bool = False

    @property
    def slots(self) -> int:
        """How many there are."""
        if self.paused:
            return 0
        return self.n if self.own is None else self.own

    def is_unused(self, now: int) -> bool:
        """Return whether nobody has declared it lately, or has changed it."""
        is_as_declared = self.own is None and not self.paused
        return is_as_declared and self.declared_at + LIMIT_KEPT_MS <= now


class Slots:
    """Gives slots to jobs; the caller holds the broker's lock.

    Attributes:
        numbers: of the limits that jobs have met, by their ids.
        holders: ids of the running jobs that hold slots, by key.
        latest_start: of all jobs under a rate, as far as the clock told.
    """

    def __init__(self) -> None:
        self.numbers: dict[str, Number] = {}
        self.holders: defaultdict[str, set[str]] = defaultdict(set)
        self._starts: defaultdict[str, deque[int]] = defaultdict(deque)
        self._closed: dict[str, int] = {}
        self._over_at = Ranking()
        self.latest_start = 0

    def declare(self, limit: JobLimit, now: int) -> bool:
        """Note the numbers of a limit if they are newer; return whether that changed them."""
        declared_at = min(limit.declared_at, now)  # the clock of another host may be ahead
        known = self.numbers.get(limit.id)
        if known is None:
            self.numbers[limit.id] = Number(limit.n, limit.per, declared_at)
            return False
        if declared_at <= known.declared_at:
            return False
        before = (known.slots, known.per)
        known.n, known.per, known.declared_at = limit.n, limit.per, declared_at
        return (known.slots, known.per) != before

    def is_free(self, key: str, now: int) -> bool:
        """Return whether a key has a free slot."""
        number = self._number(key)
        if not number.slots or self._closed.get(key, 0) > now:
            return False
        if number.per:
            opens = self._window_opens(key, number)
            return opens is None or opens <= now
        return len(self.holders.get(key, ())) < number.slots

    def opens_at(self, key: str, now: int) -> int | None:
        """Return when time alone gives a key without free slots one; None if it does not."""
        number = self.numbers.get(key.partition(":")[0])
        if number is None or not number.slots:
            return None
        if number.per:
            return max(self._closed.get(key, 0), self._window_opens(key, number) or 0)
        until = self._closed.get(key, 0)
        return until if until > now else None

    def _number(self, key: str) -> Number:
        return self.numbers[key.partition(":")[0]]

    def _window_opens(self, key: str, number: Number) -> int | None:
        """Return when the present window has room again; None if it was never full."""
        starts = self._starts.get(key, ())
        return starts[-number.slots] + number.per if len(starts) >= number.slots else None

    def take(self, entry: StoredJob, now: int) -> None:
        """Give a job a slot of each limit that holds for it now."""
        for limit in entry.limits_at(now):
            number = self.numbers[limit.id]
            if not number.per:
                self.add(limit.key, entry)
                continue
            starts = self._starts[limit.key]
            starts.append(now)
            self.latest_start = max(self.latest_start, now)
            self._forget_later(limit.key, now + number.per)
            while len(starts) > max(number.n, number.slots):
                starts.popleft()

    def add(self, key: str, entry: StoredJob) -> None:
        """Give a job a slot of a key."""
        self.holders[key].add(entry.job.id)
        entry.slots = (*entry.slots, key)

    def give_back(self, entry: StoredJob) -> tuple[str, ...]:
        """Take the slots of a job that no worker holds any more; return their keys.

        A start stays counted: whether the job had begun is not known.
        """
        keys, entry.slots = entry.slots, ()
        for key in keys:
            self.drop(key, entry.job.id)
        return keys

    def hold(self, key: str, job_ids: set[str]) -> None:
        """Say which jobs hold the slots of a key."""
        self.holders[key] = job_ids
        if not job_ids:
            del self.holders[key]

    def drop(self, key: str, job_id: str) -> None:
        """Take one slot of a job."""
        holders = self.holders.get(key, set())
        holders.discard(job_id)
        if not holders:
            self.holders.pop(key, None)

    def close(self, key: str, until: int) -> None:
        """Give no slots of a key until a time."""
        self._closed[key] = max(until, self._closed.get(key, 0))
        self._forget_later(key, until)

    def correct_starts(self, now: int) -> list[str]:
        """Let later starts count as of now; return the keys that have some."""
        self.latest_start = now
        late = [key for key, starts in self._starts.items() if starts[-1] > now]
        for key in late:
            self._starts[key] = deque(min(start, now) for start in self._starts[key])
        return late

    def _forget_later(self, key: str, at: int) -> None:
        self._over_at.add(max(at, self._over_at.noted.get(key, 0)), key)

    def reopen(self, key: str) -> None:
        """Give slots of a key again that was closed."""
        self._closed.pop(key, None)

    def closed_until(self, time: int) -> list[str]:
        """Return the keys that are closed until one time."""
        return [key for key, until in self._closed.items() if until == time]

    def is_closed_until(self, key: str, time: int) -> bool:
        """Return whether a key is closed until one time."""
        return self._closed.get(key) == time

    def starts_within(self, key: str, now: int) -> int:
        """Return how many jobs have started under a key in the present period."""
        number = self.numbers.get(key.partition(":")[0])
        return sum(start + number.per > now for start in self._starts.get(key, ())) if number else 0

    def sweep(self, now: int) -> None:
        """Forget closings and starts that do not count any more."""
        while key := self._over_at.take_up_to(now):
            self._closed.pop(key, None)
            self._starts.pop(key, None)

    def unused(self, now: int) -> list[str]:
        """Return those of some limits that nobody has declared lately, changed, or holds."""
        looked_at = list(islice(self.numbers, LIMITS_SWEPT))
        for limit_id in looked_at:
            self.numbers[limit_id] = self.numbers.pop(limit_id)  # others come next
        old = [limit_id for limit_id in looked_at if self.numbers[limit_id].is_unused(now)]
        return [limit_id for limit_id in old if not self._is_held(limit_id)]

    def _is_held(self, limit_id: str) -> bool:
        return any(key.startswith(f"{limit_id}:") for key in self.holders)

    def held_by(self, key: str) -> tuple[str, ...]:
        """Return the ids of the jobs that hold slots of a key, in order."""
        return tuple(sorted(self.holders.get(key, ())))
