"""An action for all jobs that match some filters, in steps of one request each.

Its progress travels with the page, signed for the visitor who started it. The server keeps nothing,
so an abandoned run leaves nothing behind. Sending a step twice does no harm, because a changed
job no longer matches.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace

from django.core import signing

from django_jobs.brokers.inspection.base import JobAction
from django_jobs.brokers.inspection.filters import Cursor
from django_jobs.brokers.inspection.finder import REACH, Count, Finder

SALT = "django_jobs.dashboard.bulk"
MAX_AGE = 86_400
"""Seconds after which a step is refused."""

ScanStep = Callable[[Cursor | None, int], Count]
"""Scans from a cursor on, up to a number of jobs."""


@dataclass(frozen=True, slots=True)
class StepBudget:
    """How much work one request does.

    Attributes:
        max_scanned: jobs that one call to the broker scans.
        max_seconds: no further call starts after this time.
    """

    max_scanned: int = REACH
    max_seconds: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkRun:
    """The progress of an action. It counts the jobs, waits for confirmation, then changes them.

    Attributes:
        action: what to do.
        query: the filters as URL parameters.
        as_of: Unix milliseconds by the broker's clock; jobs that change later are left out.
        matched: jobs that match, as far as they are counted.
        changed: jobs that were changed.
        scanned: jobs scanned in the current phase, counting or changing.
        total: jobs to scan in each phase.
        cursor: where the next scan starts, or "" at the beginning or end of a phase.
        is_counted: whether counting is complete.
        is_done: whether changing is complete.
    """

    action: JobAction
    query: Mapping[str, str] = field(default_factory=dict)
    as_of: int | None = None
    matched: int = 0
    changed: int = 0
    locked: int = 0
    scanned: int = 0
    total: int = 0
    cursor: str = ""
    is_counted: bool = False
    is_done: bool = False

    @property
    def percent(self) -> int:
        """The share of jobs that the current phase has scanned."""
        return min(100, round(100 * self.scanned / max(1, self.total)))

    def to_token(self, who: str) -> str:
        """Return a signed token, with which the visitor `who` may take the next step."""
        return signing.dumps([who, asdict(self)], salt=SALT, compress=True)

    @classmethod
    def from_token(cls, token: str, who: str) -> BulkRun | None:
        """Read a token, or return None if it is invalid, too old or another visitor's."""
        try:
            owner, values = signing.loads(token, salt=SALT, max_age=MAX_AGE)
        except signing.BadSignature:
            return None
        if owner != who:
            return None
        return cls(**{**values, "action": JobAction(values["action"])})

    def count_more(self, finder: Finder, budget: StepBudget) -> BulkRun:
        """Count more of the jobs that match."""

        def count_some(after: Cursor | None, reach: int) -> Count:
            return finder.count(after, reach)

        count, end = self._advance(count_some, budget)
        return replace(
            self,
            as_of=count.at if self.as_of is None else self.as_of,
            matched=self.matched + count.number,
            scanned=0 if end is None else self.scanned + count.scanned,
            total=max(self.total, count.total),
            cursor=end.to_text() if end else "",
            is_counted=end is None,
        )

    def apply_more(self, finder: Finder, budget: StepBudget) -> BulkRun:
        """Change more of them."""

        def apply_some(after: Cursor | None, reach: int) -> Count:
            return finder.apply(self.action, after, reach)

        count, end = self._advance(apply_some, budget)
        return replace(
            self,
            changed=self.changed + count.number,
            locked=self.locked + count.locked,
            scanned=self.scanned + count.scanned,
            cursor=end.to_text() if end else "",
            is_done=end is None,
        )

    def _advance(self, scan: ScanStep, budget: StepBudget) -> tuple[Count, Cursor | None]:
        """Scan at least once and until the budget is spent; return the sum and the next cursor."""
        began = time.monotonic()
        whole = scan(Cursor.from_text(self.cursor) if self.cursor else None, budget.max_scanned)
        end = whole.end
        while end and time.monotonic() - began < budget.max_seconds:
            more = scan(end, budget.max_scanned)
            end = more.end
            whole = replace(
                whole,
                number=whole.number + more.number,
                locked=whole.locked + more.locked,
                scanned=whole.scanned + more.scanned,
            )
        return whole, end
