"""Filter and order of a list of posts, read from its URL."""

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
    """The orders of a list."""

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
    """Filter and order of a list; unknown values in the URL fall back to the defaults."""

    sort: Sort = Sort.TRENDING
    query: str = ""
    status: str = ""

    @classmethod
    def from_query(cls, parameters: QueryDict) -> Listing:
        """Read `sort`, `q` and `status`."""
        sort = parameters.get("sort", "")
        return cls(
            sort=next((known for known in Sort if known == sort), Sort.TRENDING),
            query=parameters.get("q", "").replace("\0", "")[:MAX_QUERY].strip(),
            status=parameters.get("status", "").replace("\0", "")[:MAX_QUERY],
        )

    def apply(self, posts: QuerySet[Post]) -> QuerySet[Post]:
        """Filter and order the posts.

        Args:
            posts: posts with the annotations of `posts_for`.
        """
        for word in self.query.split()[:MAX_WORDS]:
            posts = posts.filter(Q(title__icontains=word) | Q(text__icontains=word))
        if self.status == OPEN:
            posts = posts.filter(status=None)
        elif self.status:
            posts = posts.filter(status__slug=self.status)
        return posts.order_by(*ORDER[self.sort], "-pk")
