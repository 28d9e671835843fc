"""Results of other jobs, which travel as references to these jobs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class ResultReference:
    """The result of another job, in a job's arguments. It is read when the job starts.

    Attributes:
        job_id: id of the other job.
    """

    job_id: str

    def __repr__(self) -> str:
        return f"<result of {self.job_id}>"


class ResultSource:
    """What stands for a result only until it is enqueued: no value that travels by itself."""

    __slots__ = ()
