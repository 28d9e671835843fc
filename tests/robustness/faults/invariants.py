"""What must hold whatever went wrong: nothing lost, nothing twice, nothing miscounted."""

from __future__ import annotations

from collections import Counter

from tests.robustness.faults.answers import Answers
from tests.robustness.faults.trial import Trial
from tests.support.driver import check_with_doctor
from tests.support.redis_keys import PREFIX, Keys, check_structure, family, read_keys


def check_places(trial: Trial) -> Keys:
    """Check that each job stands in exactly one place, in the middle of things."""
    keys = read_keys(trial.client)
    for door in [name for name in keys if name.startswith("d:")]:
        # The key that interrupts a worker expires by itself if the worker never stops.
        assert int(trial.client.ttl(PREFIX + door)) > 0, f"{door} stays forever"
        del keys[door]
    check_structure(keys)
    return keys


def check_all(trial: Trial) -> None:
    """Check a trial on which everything is over."""
    keys = check_places(trial)
    check_with_doctor(trial.safe)
    there = {job_id: job["s"] for job_id, job in family(keys, "j")}
    _check_jobs(trial.answers, there)
    _check_counts(trial, there)
    for name, value in keys.items():
        if name.startswith("l:") and str(value).startswith("kept:"):
            continue  # of no job any more: it expires
        assert not name.startswith(("q:", "f:", "l:", "h:", "x:", "y:", "u:", "o:")), (
            f"jobs are left in {name}"
        )
    for job_id, failures in family(keys, "e"):
        assert len(set(failures)) == len(failures), f"a failure of {job_id} was noted twice"


def _check_jobs(answers: Answers, there: dict[str, str]) -> None:
    lost = answers.stored - answers.doomed - there.keys()
    assert not lost, f"lost: {lost}"
    assert there.keys() <= answers.known, "a job that nobody pushed"
    assert not answers.removed & there.keys(), "a removed job is there again"
    for job_id, state in there.items():
        if job_id in answers.cancelled and state == "discarded":
            continue
        assert answers.runs[job_id] >= 1, f"{job_id} never ran"
        ends = {0} if job_id in answers.fatal else {1}
        ends |= {2} if job_id in answers.revivable else set()
        assert answers.ends[job_id] in ends, f"{job_id} was settled {answers.ends[job_id]} times"


def _check_counts(trial: Trial, there: dict[str, str]) -> None:
    counts = {state.value: count for state, count in trial.safe.inspection.counts().items()}
    assert {state: count for state, count in counts.items() if count} == Counter(there.values())
