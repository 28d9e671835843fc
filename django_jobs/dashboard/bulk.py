"""One repair of all jobs that match, which goes on from request to request.

Where it stands travels with the page, signed for the person who began it: nothing is kept on the
server, so nothing is left behind when somebody walks away. A step that is sent twice does no harm,
as a repaired job does not match any more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace

from django.core import signing

from django_jobs.brokers.inspection.base import Repair
from django_jobs.brokers.inspection.filters import Cursor
from django_jobs.brokers.inspection.finder import REACH, Count, Finder

SALT = "django_jobs.dashboard.bulk"
MAX_AGE = 86_400
"""Seconds for which one may go on."""

ScanStep = Callable[[Cursor | None, int], Count]
"""Goes on from a place, and looks at no more than so many jobs."""


@dataclass(frozen=True, slots=True)
class StepBudget:
    """How much one request does.

    Attributes:
        max_scanned: jobs that one call looks at.
        max_seconds: after which no further call begins.
    """

    max_scanned: int = REACH
    max_seconds: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkRepair:
    """Where a repair of many jobs stands: it counts them first, and is asked for then.

    Attributes:
        repair: what is done.
        query: the filters, as an address has them.
        as_of: Unix milliseconds by the broker's clock; what happens to a job later leaves it out.
        matched: how many match, as far as they are counted.
        repaired: how many are done.
        scanned: at how many jobs was looked: while counting, then anew while repairing.
        total: at how many there are to look.
        cursor: the place to go on from, or "" at a beginning or an end.
        is_counted: whether all are counted.
        is_done: whether all are done.
    """

    repair: Repair
    query: Mapping[str, str] = field(default_factory=dict)
    as_of: int | None = None
    matched: int = 0
    repaired: int = 0
    scanned: int = 0
    total: int = 0
    cursor: str = ""
    is_counted: bool = False
    is_done: bool = False

    @property
    def percent(self) -> int:
        """How much of the list was looked at."""
        return min(100, round(100 * self.scanned / max(1, self.total)))

    def to_token(self, who: str) -> str:
        """Return it for an address or a form of the person who may go on."""
        return signing.dumps([who, asdict(self)], salt=SALT, compress=True)

    @classmethod
    def from_token(cls, token: str, who: str) -> BulkRepair | None:
        """Read a token, or return None if it is none of this person, or too old."""
        try:
            owner, values = signing.loads(token, salt=SALT, max_age=MAX_AGE)
        except signing.BadSignature:
            return None
        if owner != who:
            return None
        return cls(**{**values, "repair": Repair(values["repair"])})

    def count_more(self, finder: Finder, budget: StepBudget) -> BulkRepair:
        """Count some more of the jobs that match."""

        def count_some(after: Cursor | None, reach: int) -> Count:
            return finder.count(after, reach)

        count, end = self._advance(count_some, budget)
        return replace(
            self,
            as_of=count.at if self.as_of is None else self.as_of,
            matched=self.matched + count.number,
            scanned=0 if end is None else self.scanned + count.looked_at,
            total=max(self.total, count.total),
            cursor=end.to_text() if end else "",
            is_counted=end is None,
        )

    def repair_more(self, finder: Finder, budget: StepBudget) -> BulkRepair:
        """Repair some more of them."""

        def repair_some(after: Cursor | None, reach: int) -> Count:
            return finder.repair(self.repair, after, reach)

        count, end = self._advance(repair_some, budget)
        return replace(
            self,
            repaired=self.repaired + count.number,
            scanned=self.scanned + count.looked_at,
            cursor=end.to_text() if end else "",
            is_done=end is None,
        )

    def _advance(self, scan: ScanStep, budget: StepBudget) -> tuple[Count, Cursor | None]:
        """Go on for some time, at least by one scan; return the sum and where that ended."""
        began = time.monotonic()
        whole = scan(Cursor.from_text(self.cursor) if self.cursor else None, budget.max_scanned)
        end = whole.end
        while end and time.monotonic() - began < budget.max_seconds:
            more = scan(end, budget.max_scanned)
            end = more.end
            whole = replace(
                whole,
                number=whole.number + more.number,
                looked_at=whole.looked_at + more.looked_at,
            )
        return whole, end
