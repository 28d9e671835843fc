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

from django_jobs.brokers.finder import REACH, Count, Finder
from django_jobs.brokers.inspection import Repair
from django_jobs.brokers.search import Cursor

SALT = "django_jobs.dashboard.bulk"
KEPT = 86_400
"""Seconds for which one may go on."""

Stretch = Callable[[Cursor | None, int], Count]
"""Goes on from a place, and looks at no more than so many jobs."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How much one request does.

    Attributes:
        reach: jobs that one call looks at.
        seconds: after which no further call begins.
    """

    reach: int = REACH
    seconds: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """Where a repair of many jobs stands: it counts them first, and is asked for then.

    Attributes:
        repair: what is done.
        query: the filters, as an address has them.
        as_of: Unix milliseconds by the broker's clock; what happens to a job later leaves it out.
        found: how many match, as far as they are counted.
        repaired: how many are done.
        looked_at: at how many jobs was looked: while counting, then anew while repairing.
        listed: at how many there are to look.
        end: the place to go on from, or "" at a beginning or an end.
        is_counted: whether all are counted.
        is_over: whether all are done.
    """

    repair: Repair
    query: Mapping[str, str] = field(default_factory=dict)
    as_of: int | None = None
    found: int = 0
    repaired: int = 0
    looked_at: int = 0
    listed: int = 0
    end: str = ""
    is_counted: bool = False
    is_over: bool = False

    @property
    def percent(self) -> int:
        """How much of the list was looked at."""
        return min(100, round(100 * self.looked_at / max(1, self.listed)))

    def to_token(self, who: str) -> str:
        """Return it for an address or a form of the person who may go on."""
        return signing.dumps([who, asdict(self)], salt=SALT, compress=True)

    @classmethod
    def from_token(cls, token: str, who: str) -> Bulk | None:
        """Read a token, or return None if it is none of this person, or too old."""
        try:
            owner, values = signing.loads(token, salt=SALT, max_age=KEPT)
        except signing.BadSignature:
            return None
        if owner != who:
            return None
        return cls(**{**values, "repair": Repair(values["repair"])})

    def count_on(self, finder: Finder, pace: Pace) -> Bulk:
        """Count some more of the jobs that match."""

        def count_some(after: Cursor | None, reach: int) -> Count:
            return finder.count(after, reach)

        count, end = self._advance(count_some, pace)
        return replace(
            self,
            as_of=count.at if self.as_of is None else self.as_of,
            found=self.found + count.number,
            looked_at=0 if end is None else self.looked_at + count.looked_at,
            listed=max(self.listed, count.total),
            end=end.to_text() if end else "",
            is_counted=end is None,
        )

    def repair_on(self, finder: Finder, pace: Pace) -> Bulk:
        """Repair some more of them."""

        def repair_some(after: Cursor | None, reach: int) -> Count:
            return finder.repair(self.repair, after, reach)

        count, end = self._advance(repair_some, pace)
        return replace(
            self,
            repaired=self.repaired + count.number,
            looked_at=self.looked_at + count.looked_at,
            end=end.to_text() if end else "",
            is_over=end is None,
        )

    def _advance(self, stretch: Stretch, pace: Pace) -> tuple[Count, Cursor | None]:
        """Go on for some time, at least by one stretch; return the sum and where that ended."""
        began = time.monotonic()
        whole = stretch(Cursor.from_text(self.end) if self.end else None, pace.reach)
        end = whole.end
        while end and time.monotonic() - began < pace.seconds:
            more = stretch(end, pace.reach)
            end = more.end
            whole = replace(
                whole,
                number=whole.number + more.number,
                looked_at=whole.looked_at + more.looked_at,
            )
        return whole, end
