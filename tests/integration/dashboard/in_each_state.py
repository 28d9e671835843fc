"""Something of everything, for tests that look at whole pages."""

from __future__ import annotations

from django_jobs.backends.base import JobBackend
from django_jobs.jobs.limits import JobLimit
from tests.support.builders import dead, limited, make_job, make_jobs, retrying, succeeded
from tests.support.driver import Driver


def fill(backend: JobBackend) -> None:
    """Bring something of everything onto the pages."""
    worker, quiet = Driver(backend.broker, "w1"), Driver(backend.broker, "w2")
    backend.broker.push([*make_jobs(2), make_job(id="one"), *make_jobs(5)])
    backend.broker.push(make_jobs(3, queue="low"))
    good, again, bad, running = worker.take(4)
    worker.settle(succeeded(good), retrying(again, delay=60_000), dead(bad))
    started = worker.info().started_at
    worker.heartbeat(
        running=((running.job.id, started),), stuck=(running.job.id,), memory=9**9, said_at=started
    )
    quiet.heartbeat(quiet=True, queues=("default",))
    backend.broker.inspection.pause("low")
    mail, api = JobLimit("mail server", 2, value="7"), JobLimit("api", 1, 3_600_000)
    backend.broker.push([limited(f"mail {number}", mail, queue="mailers") for number in range(4)])
    backend.broker.push([limited(f"api {number}", api, queue="mailers") for number in range(2)])
    worker.take(6, "mailers")
    backend.broker.inspection.limits.set_number(mail.id, 1_200)
    backend.broker.inspection.limits.pause_key(mail.id, "8")
    backend.broker.inspection.switch_off("accounts.tasks.finish_leaving")
