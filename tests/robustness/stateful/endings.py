"""The ways in which an attempt can end."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from django_jobs.jobs.records import Claim, Settlement, State
from tests.support.builders import make_failure


@dataclass(frozen=True, slots=True)
class End:
    """How an attempt ends, whichever job it is.

    Attributes:
        text: what stands in its result or its failure.
        closes: of a job that is scheduled again, the limit that it has met, or "" for any.
    """

    state: State
    waited: int
    duration: int
    text: str
    closes: str | None = None


ENDS = st.builds(
    End,
    state=st.sampled_from(
        [
            *(State.SUCCEEDED, State.RETRYING, State.DEAD, State.DISCARDED),
            *(State.QUEUED, State.SCHEDULED),
        ]
    ),
    waited=st.sampled_from([0, 7]),
    duration=st.sampled_from([0, 1_500]),
    text=st.sampled_from(["", "none left", "größer als 3 ✓", "a:b,c\x00\n"]),
    closes=st.sampled_from([None, None, "", "slow"]),
)


def end_of(claim: Claim, end: End, delay: int) -> Settlement:
    """Return the settlement of a claim that ends so; what is to be retried is due after `delay`."""
    failed = end.state in {State.RETRYING, State.DEAD, State.SCHEDULED}
    closes = end.closes if end.state is State.SCHEDULED else None
    return Settlement(
        job_id=claim.job.id,
        token=claim.token,
        tag=claim.tag,
        state=end.state,
        result=end.text or "null",
        failure=make_failure(attempt=claim.attempt, message=end.text) if failed else None,
        delay=delay if end.state is State.RETRYING or closes is not None else 0,
        waited=end.waited,
        duration=end.duration,
        closes=closes,
    )
