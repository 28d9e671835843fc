"""Operators tell workers to be quiet or to stop."""

from __future__ import annotations

from django_jobs.brokers.inspection.base import Inspection
from django_jobs.brokers.messages import WorkerCommand
from tests.support.clock import Clock
from tests.support.driver import Driver


def test_the_command_quiet_is_repeated_until_the_worker_is_quiet(
    inspection: Inspection, w1: Driver
) -> None:
    """The reply that brings it may be lost."""
    w1.heartbeat()

    assert inspection.command_worker("w1", WorkerCommand.QUIET)

    assert w1.heartbeat().command is WorkerCommand.QUIET
    assert w1.heartbeat().command is WorkerCommand.QUIET
    assert w1.heartbeat(quiet=True).command is None
    assert w1.heartbeat(quiet=False).command is None


def test_the_command_stop_is_repeated_until_the_worker_is_gone(
    inspection: Inspection, w1: Driver
) -> None:
    w1.heartbeat()

    assert inspection.command_worker("w1", WorkerCommand.STOP)

    assert w1.heartbeat().command is WorkerCommand.STOP
    assert w1.heartbeat(quiet=True).command is WorkerCommand.STOP


def test_a_command_reaches_its_worker_only(inspection: Inspection, w1: Driver, w2: Driver) -> None:
    w1.heartbeat()
    w2.heartbeat()

    inspection.command_worker("w2", WorkerCommand.STOP)

    assert w1.heartbeat().command is None
    assert w2.heartbeat().command is WorkerCommand.STOP


def test_the_last_command_counts(inspection: Inspection, w1: Driver) -> None:
    w1.heartbeat()

    inspection.command_worker("w1", WorkerCommand.QUIET)
    inspection.command_worker("w1", WorkerCommand.STOP)

    assert w1.heartbeat().command is WorkerCommand.STOP


def test_a_command_for_a_worker_that_is_not_there_is_refused(
    inspection: Inspection, w1: Driver, w2: Driver, clock: Clock
) -> None:
    assert not inspection.command_worker("never seen", WorkerCommand.STOP)
    w1.heartbeat()
    w2.heartbeat()
    w1.close()
    w2.vanish(clock, noticed_by=Driver(w2.broker, "w3"))

    assert not inspection.command_worker("w1", WorkerCommand.STOP)
    assert not inspection.command_worker("w2", WorkerCommand.STOP)
