"""Wrong calls that mypy sees only if Django has types; pyright always does.

Without them, mypy takes a task for whatever a protocol asks for, as its base class is unknown.
"""

from __future__ import annotations

from django_jobs import Chain, Workflow
from tests.repository.types.site import add, report, shout


def wrong() -> None:
    flow = Workflow()
    first = flow.add(add, 1)
    flow.add(report, 1, after=first)  # type: ignore[call-arg]
    Chain().add(add, 1).add(shout)  # type: ignore[arg-type]
    Chain().add(add)  # type: ignore[call-overload]
