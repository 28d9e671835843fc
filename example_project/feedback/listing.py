"""Which posts a list shows, read from its address."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Q, QuerySet
from django.http import QueryDict

from feedback.models import Post

MAX_QUERY = 100
MAX_WORDS = 6
OPEN = "open"


class Sort(StrEnum):
    """The orders a list can have."""

    TRENDING = "trending"
    TOP = "top"
    NEW = "new"


ORDER = {
    Sort.TRENDING: ("-recent_votes", "-vote_count", "-created_at"),
    Sort.TOP: ("-vote_count", "-created_at"),
    Sort.NEW: ("-created_at",),
}


@dataclass(frozen=True, slots=True)
class Listing:
    """A visitor's choice; anything unknown in the address falls back to the default."""

    sort: Sort = Sort.TRENDING
    query: str = ""
    status: str = ""

    @classmethod
    def from_address(cls, parameters: QueryDict) -> Listing:
        """Read `sort`, `q` and `status`."""
        sort = parameters.get("sort", "")
        return cls(
            sort=next((known for known in Sort if known == sort), Sort.TRENDING),
            query=parameters.get("q", "").replace("\0", "")[:MAX_QUERY].strip(),
            status=parameters.get("status", "").replace("\0", "")[:MAX_QUERY],
        )

    def apply(self, posts: QuerySet[Post]) -> QuerySet[Post]:
        """Narrow the posts down, then put them in order.

        Args:
            posts: posts that carry their numbers (`posts_for`).
        """
        for word in self.query.split()[:MAX_WORDS]:
            posts = posts.filter(Q(title__icontains=word) | Q(text__icontains=word))
        if self.status == OPEN:
            posts = posts.filter(status=None)
        elif self.status:
            posts = posts.filter(status__slug=self.status)
        return posts.order_by(*ORDER[self.sort], "-pk")
