"""Says that jobs may be missing because they wait for a commit."""

from __future__ import annotations

from django_jobs.backends.on_commit import waiting_for_commit

CAPTURE = (
    "self.captureOnCommitCallbacks(execute=True), or the pytest fixture"
    " django_capture_on_commit_callbacks(execute=True)"
)


def commit_hint(*, has_jobs: bool) -> str:
    """Return a further line for a list of jobs, or nothing.

    Args:
        has_jobs: whether there are jobs in the list.
    """
    pushes, others = waiting_for_commit()
    if pushes:
        return (
            f"\nJobs wait for a commit ({pushes}), which the transaction around a TestCase never"
            f" comes to: put the code that enqueues into {CAPTURE}."
        )
    if others and not has_jobs:
        return f"\nIn a TestCase, callbacks of on_commit() only run inside {CAPTURE}."
    return ""
