"""What a site names in JOB_RECAP."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db.models import QuerySet

from django_jobs.recap import Period, RecapContent, RecapItem, RecapSection


def recipients() -> QuerySet[User]:
    """Staff gets recaps."""
    return User.objects.filter(is_staff=True)


def content(user: User, period: Period) -> RecapContent | None:
    """Whatever the user's first name says, so that a test chooses it with the user."""
    if user.first_name == "Nobody":
        return None
    item = RecapItem("A <b>dark</b> mode", url="/posts/3/", note="by Ada & Co")
    sections = [
        RecapSection("New posts", [] if user.first_name == "Quiet" else [item]),
        RecapSection("Empty heading", []),
    ]
    return RecapContent(title="What is\nnew", intro="Since your last recap.", sections=sections)


def listed() -> list[User]:
    """Recipients that are no queryset."""
    return list(User.objects.filter(is_staff=True))


def sliced() -> QuerySet[User]:
    """Recipients that cannot be filtered any further."""
    return recipients().order_by("pk")[:1000]


def everybody() -> QuerySet[User]:
    """Recaps for all, staff or not."""
    return User.objects.all()


NOT_CALLABLE = "a string"
