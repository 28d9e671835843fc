"""What commands say of a running job that was cancelled."""

from __future__ import annotations

from django_jobs.brokers.base import Broker
from tests.integration.commands.helpers import Jobs
from tests.support.builders import make_job
from tests.support.driver import Driver


def test_show_says_that_a_running_job_is_to_be_cancelled(jobs: Jobs, broker: Broker) -> None:
    broker.push([job := make_job()])
    Driver(broker, "w1").take_one()
    assert "Cancelled" not in jobs("show", job.id).out
    assert jobs("show", "--json", job.id).json["cancel_requested"] is False

    jobs("cancel", job.id)

    assert "Cancelled" in jobs("show", job.id).out
    assert jobs("show", "--json", job.id).json["cancel_requested"] is True
