"""Periodic tasks tick once, whatever workers, clocks and deploys do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from django_jobs.brokers.base import Broker
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.clock import from_ms
from django_jobs.compat import Task
from django_jobs.errors import BrokerUnavailable
from django_jobs.jobs.metadata import decode_metadata
from django_jobs.jobs.observers import PERIODIC
from django_jobs.jobs.records import Job, Lock, State
from django_jobs.periodic_tasks.due import PeriodicTask
from django_jobs.tasks.decorator import task
from django_jobs.worker.background.periodic import Ticker
from tests.support.builders import make_job
from tests.support.clock import Clock
from tests.support.driver import Driver
from tests.support.threads import in_threads

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@task
def report() -> None:
    """A task to put on a schedule."""


@task
def sweep() -> None:
    """Another one."""


def periodic(line: str, zone: str = "UTC", *, catch_up: bool = True, of: Task = report):
    return PeriodicTask(
        name=of.module_path, task=of, line=line, timezone=ZoneInfo(zone), catch_up=catch_up
    )


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class SimulatedWorker:
    """A worker in simulated time, whose jobs tell when they were made, by its own clock."""

    def __init__(self, broker: Broker, *tasks: PeriodicTask, skew: timedelta = timedelta()) -> None:
        self._skew = skew
        self._now = datetime.min.replace(tzinfo=UTC)
        self._ticker = Ticker(broker, tasks, self._make_job)

    def look(self, now: datetime | str) -> float:
        self._now = (at(now) if isinstance(now, str) else now) + self._skew
        return self._ticker.tick(self._now)

    def live(self, start: str, end: str) -> None:
        for now in self.moments(start, end):
            self.look(now)

    def moments(self, start: str, end: str) -> Iterator[datetime]:
        """The moments at which it looks, from the start up to the end."""
        now = at(start)
        while now <= at(end):
            yield now
            now += timedelta(seconds=self.look(now))

    def _make_job(self, called: Task) -> Job:
        return make_job(task=called.module_path, arguments=f"{self._now:%Y-%m-%dT%H:%M:%S}")


@pytest.fixture
def driver(broker: Broker) -> Driver:
    return Driver(broker)


def runs(driver: Driver, of: Task = report) -> list[str]:
    """When the jobs of a task were made, in UTC; they are done then."""
    jobs = [claim.job for claim in driver.take(10_000)]
    return sorted(job.arguments for job in jobs if job.task == of.module_path)


# --- an ordinary day --------------------------------------------------------------------------


def test_a_task_is_run_at_each_tick_after_it_was_first_seen(broker: Broker, driver: Driver) -> None:
    SimulatedWorker(broker, periodic("0 8,12 * * *")).live("2026-05-01T09:00", "2026-05-03T09:00")
    assert runs(driver) == [
        "2026-05-01T12:00:00",
        "2026-05-02T08:00:00",
        "2026-05-02T12:00:00",
        "2026-05-03T08:00:00",
    ]


def test_a_tick_in_the_second_in_which_a_task_is_first_seen_is_over(
    broker: Broker, driver: Driver
) -> None:
    worker = SimulatedWorker(broker, periodic("0 8 * * *"))
    worker.look("2026-05-01T08:00:00.700")
    worker.look("2026-05-01T08:00:01")
    assert runs(driver) == []


def test_a_tick_that_follows_at_once_is_not_missed(broker: Broker, driver: Driver) -> None:
    worker = SimulatedWorker(broker, periodic("0 8 * * *"))
    worker.look("2026-05-01T07:59:59.9999")
    worker.look("2026-05-01T08:00:00")
    assert runs(driver) == ["2026-05-01T08:00:00"]


def test_the_wait_is_the_time_to_the_next_tick_of_any_task(broker: Broker) -> None:
    worker = SimulatedWorker(broker, periodic("0 8 * * *"), periodic("*/10 * * * * 5", of=sweep))
    assert worker.look("2026-05-01T07:58:00") == 60
    assert worker.look("2026-05-01T07:59:59.500") == pytest.approx(0.5)
    assert worker.look("2026-05-01T08:00:00") == 5
    assert SimulatedWorker(broker).look("2026-05-01T08:00:00") == 60


def test_each_task_has_its_own_ticks(broker: Broker, driver: Driver) -> None:
    tasks = periodic("0 8 * * *", "Europe/Berlin"), periodic("0 8 * * *", "Asia/Tokyo", of=sweep)
    SimulatedWorker(broker, *tasks).live("2026-05-01T00:00", "2026-05-02T00:00")
    jobs = [claim.job for claim in driver.take(10)]
    assert {job.task: job.arguments for job in jobs} == {
        report.module_path: "2026-05-01T06:00:00",
        sweep.module_path: "2026-05-01T23:00:00",
    }
    assert len(jobs) == 2


# --- several workers ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "zone", "start", "expected"),
    [
        pytest.param(
            "30 1 * * *",
            "America/New_York",
            "2026-11-01T04:00",
            ["2026-11-01T05:30:00"],
            id="New York, autumn, fixed hour",
        ),
        pytest.param(
            "30 * * * *",
            "America/New_York",
            "2026-11-01T04:00",
            [f"2026-11-01T{hour:02}:30:00" for hour in range(4, 8)],
            id="New York, autumn, every hour",
        ),
        pytest.param(
            "30 2 * * *",
            "America/New_York",
            "2026-03-08T05:00",
            ["2026-03-08T07:00:00"],
            id="New York, spring, fixed hour",
        ),
        pytest.param(
            "30 * * * *",
            "America/New_York",
            "2026-03-08T05:00",
            [f"2026-03-08T{hour:02}:30:00" for hour in range(5, 9)],
            id="New York, spring, every hour",
        ),
        pytest.param(
            "*/30 2 * * *",
            "Europe/Berlin",
            "2026-10-24T23:00",
            ["2026-10-25T00:00:00", "2026-10-25T00:30:00"],
            id="Berlin, autumn, fixed hour",
        ),
        pytest.param(
            "*/30 2,3 * * *",
            "Europe/Berlin",
            "2026-03-28T23:00",
            ["2026-03-29T01:00:00", "2026-03-29T01:30:00"],
            id="Berlin, spring, fixed hours",
        ),
        pytest.param(
            "*/15 1 * * *",
            "Australia/Lord_Howe",
            "2026-04-04T13:00",
            [f"2026-04-04T14:{minute:02}:00" for minute in (0, 15, 30, 45)],
            id="Lord Howe, autumn, fixed hour",
        ),
    ],
)
def test_workers_that_race_over_a_change_of_the_clocks_run_each_tick_once(
    broker: Broker, driver: Driver, line: str, zone: str, start: str, expected: list[str]
) -> None:
    end = f"{at(start) + 4 * HOUR:%Y-%m-%dT%H:%M}"
    workers = [SimulatedWorker(broker, periodic(line, zone)) for _ in range(4)]
    # Each lives at its own pace, so that some are hours ahead of others.
    in_threads(4, lambda index: workers[index].live(start, end))
    assert runs(driver) == expected


def test_of_workers_that_look_at_the_same_moment_one_runs_the_tick(
    broker: Broker, driver: Driver
) -> None:
    tasks = periodic("0 8 * * *"), periodic("0 8 * * *", of=sweep)
    workers = [SimulatedWorker(broker, *tasks) for _ in range(8)]
    in_threads(8, lambda index: workers[index].look("2026-05-01T07:00"))
    in_threads(8, lambda index: workers[index].look("2026-05-01T08:00"))
    jobs = [claim.job.task for claim in driver.take(100)]
    assert sorted(jobs) == [report.module_path, sweep.module_path]


def test_workers_whose_clocks_are_an_hour_apart_run_each_tick_once(
    broker: Broker, driver: Driver
) -> None:
    behind = SimulatedWorker(broker, periodic("0 * * * *"))
    ahead = SimulatedWorker(broker, periodic("0 * * * *"), skew=HOUR)
    for minute in range(-90, 10 * 60):
        now = at("2026-05-01T00:00") + timedelta(minutes=minute)
        behind.look(now)
        if minute >= 0:
            ahead.look(now)
    # Who is first runs a tick: from midnight on the one that is ahead.
    assert runs(driver) == [
        "2026-04-30T23:00:00",
        *(f"2026-05-01T{hour:02}:00:00" for hour in range(11)),
    ]


def test_a_clock_that_is_set_back_an_hour_runs_nothing_twice(
    broker: Broker, driver: Driver
) -> None:
    worker = SimulatedWorker(broker, periodic("*/20 * * * *"))
    worker.live("2026-05-01T00:10", "2026-05-01T02:00")
    worker.live("2026-05-01T01:00", "2026-05-01T02:20")
    assert runs(driver) == [
        f"2026-05-01T{time}:00"
        for time in ("00:20", "00:40", "01:00", "01:20", "01:40", "02:00", "02:20")
    ]


@pytest.mark.parametrize("skew", [timedelta(minutes=2), HOUR, DAY, 3650 * DAY], ids=str)
def test_a_worker_whose_clock_is_ahead_of_the_brokers_goes_by_the_brokers(
    broker: Broker, clock: Clock, inspection: Inspection, skew: timedelta
) -> None:
    wrong = SimulatedWorker(broker, periodic("* * * * *"), skew=skew)
    right = SimulatedWorker(broker, periodic("* * * * *"))
    for workers in ((right,), (wrong, right), (wrong,), (right,)):
        for _ in range(3):
            for worker in workers:
                assert 0 < worker.look(from_ms(clock.now())) <= 60
            clock.advance(60_000)
    assert inspection.counts()[State.QUEUED] == 3 + 3 + 3 + 2


# --- downtime -------------------------------------------------------------------------------------


def test_after_three_days_of_downtime_one_run_makes_up_for_all(
    broker: Broker, driver: Driver
) -> None:
    tasks = periodic("0 */4 * * *"), periodic("0 8 * * *", of=sweep)
    SimulatedWorker(broker, *tasks).live("2026-05-01T07:00", "2026-05-01T08:30")
    assert len(driver.take(10)) == 2

    again = [SimulatedWorker(broker, *tasks) for _ in range(3)]
    in_threads(3, lambda index: again[index].live("2026-05-04T09:30", "2026-05-04T12:30"))

    jobs = [(claim.job.task, claim.job.arguments) for claim in driver.take(10)]
    assert sorted(jobs) == [
        (report.module_path, "2026-05-04T09:30:00"),
        (report.module_path, "2026-05-04T12:00:00"),
        (sweep.module_path, "2026-05-04T09:30:00"),
    ]


def test_after_downtime_a_task_that_does_not_catch_up_waits_for_its_next_tick(
    broker: Broker, driver: Driver
) -> None:
    hourly = periodic("0 * * * *", catch_up=False)
    SimulatedWorker(broker, hourly).live("2026-05-01T07:30", "2026-05-01T08:30")
    SimulatedWorker(broker, hourly).live("2026-05-04T09:30", "2026-05-04T10:30")
    assert runs(driver) == ["2026-05-01T08:00:00", "2026-05-04T10:00:00"]


def test_a_tick_that_is_a_moment_late_is_not_a_missed_one(broker: Broker, driver: Driver) -> None:
    worker = SimulatedWorker(broker, periodic("0 * * * *", catch_up=False))
    for moment in ("07:30:00", "08:00:45", "09:01:00", "10:01:01", "11:00:00"):
        worker.look(f"2026-05-01T{moment}")
    assert runs(driver) == [f"2026-05-01T{time}" for time in ("08:00:45", "09:01:00", "11:00:00")]


def test_a_restart_between_ticks_changes_nothing(broker: Broker, driver: Driver) -> None:
    for hour in range(6):
        worker = SimulatedWorker(broker, periodic("30 * * * *"))
        worker.live(f"2026-05-01T{hour:02}:00", f"2026-05-01T{hour:02}:50")
    assert runs(driver) == [f"2026-05-01T{hour:02}:30:00" for hour in range(6)]


def test_a_tick_whose_job_cannot_be_made_stops_no_other_and_is_tried_again(
    broker: Broker, driver: Driver, caplog: pytest.LogCaptureFixture
) -> None:
    failing, good = periodic("0 * * * *"), periodic("0 * * * *", of=sweep)
    broken = {failing.name}

    def make(called: Task) -> Job:
        if called.module_path in broken:
            raise OSError("no entropy")
        return make_job(task=called.module_path)

    ticker = Ticker(broker, [failing, good], make)
    ticker.tick(at("2026-05-01T07:30"))
    assert ticker.tick(at("2026-05-01T08:00")) == 60
    assert "no job can be made" in caplog.text
    assert [claim.job.task for claim in driver.take()] == [good.name]
    broken.clear()
    ticker.tick(at("2026-05-01T08:00:30"))
    assert not driver.take()
    ticker.tick(at("2026-05-01T08:01:00"))
    assert [claim.job.task for claim in driver.take()] == [failing.name]


def test_a_tick_whose_job_cannot_be_made_is_left_to_other_workers(
    broker: Broker, driver: Driver
) -> None:
    def fail(called: Task) -> Job:
        raise OSError("no entropy")

    hourly = periodic("0 * * * *")
    SimulatedWorker(broker, hourly).look("2026-05-01T07:30")
    Ticker(broker, [hourly], fail).tick(at("2026-05-01T08:00"))
    SimulatedWorker(broker, hourly).look("2026-05-01T08:00:02")
    assert runs(driver) == ["2026-05-01T08:00:02"]


def test_an_outage_delays_what_is_said_of_unique_ticks(broker: Broker, driver: Driver) -> None:
    hourly = [periodic("0 * * * *"), periodic("0 * * * *", of=sweep)]
    said: list[str] = []
    outages = [BrokerUnavailable("Redis does not answer.")]

    def make(called: Task) -> Job:
        return make_job(task=called.module_path, lock=Lock(called.module_path))

    def announce(called: Task, job: Job) -> None:
        if outages:
            raise outages.pop()
        said.append(job.task)

    ticker = Ticker(broker, hourly, make, announce)
    ticker.tick(at("2026-05-01T07:30"))
    with pytest.raises(BrokerUnavailable):
        ticker.tick(at("2026-05-01T08:00"))
    ticker.tick(at("2026-05-01T08:00:01"))

    assert said == [one.name for one in hourly]
    assert len(driver.take(10)) == 2


def test_the_job_of_a_tick_says_whose_tick_it_is(broker: Broker, driver: Driver) -> None:
    hourly = periodic("0 * * * *")
    worker = SimulatedWorker(broker, hourly)
    worker.look("2026-05-01T07:30")
    worker.look("2026-05-01T08:00")

    (claim,) = driver.take()
    assert decode_metadata(claim.job.metadata) == {PERIODIC: hourly.name}


# --- deploys --------------------------------------------------------------------------------------


def test_two_deploys_at_once_share_the_ticks_that_both_know(broker: Broker, driver: Driver) -> None:
    old = SimulatedWorker(broker, periodic("0 8 * * *"), periodic("0 9 * * *", of=sweep))
    new = SimulatedWorker(broker, periodic("0 8,20 * * *"))
    span = "2026-05-01T07:50", "2026-05-01T20:10"
    in_threads(2, lambda index: (old, new)[index].live(*span))
    jobs = [(claim.job.task, claim.job.arguments) for claim in driver.take(10)]
    assert sorted(jobs) == [
        (report.module_path, "2026-05-01T08:00:00"),
        (report.module_path, "2026-05-01T20:00:00"),
        (sweep.module_path, "2026-05-01T09:00:00"),
    ]


def test_a_new_line_makes_up_for_nothing_from_before_its_deploy(
    broker: Broker, driver: Driver
) -> None:
    SimulatedWorker(broker, periodic("0 8 * * *")).live("2026-05-01T07:00", "2026-05-01T11:00")
    SimulatedWorker(broker, periodic("0 8,10 * * *")).live("2026-05-01T12:00", "2026-05-02T09:00")
    assert runs(driver) == ["2026-05-01T08:00:00", "2026-05-02T08:00:00"]


def test_a_line_that_comes_back_makes_up_for_what_no_worker_did(
    broker: Broker, driver: Driver
) -> None:
    daily = periodic("0 8 * * *")
    SimulatedWorker(broker, daily).live("2026-05-01T07:00", "2026-05-01T09:00")
    SimulatedWorker(broker, periodic("0 20 * * *")).live("2026-05-01T19:00", "2026-05-01T21:00")
    SimulatedWorker(broker, daily).look("2026-05-02T12:00")
    assert runs(driver) == ["2026-05-01T08:00:00", "2026-05-01T20:00:00", "2026-05-02T12:00:00"]


def test_tasks_with_h_in_their_lines_do_not_all_tick_at_once(
    broker: Broker, driver: Driver
) -> None:
    tasks = periodic("H H * * *"), periodic("H H * * *", of=sweep)
    SimulatedWorker(broker, *tasks).live("2026-05-01T00:00", "2026-05-02T00:00")
    assert len({claim.job.arguments for claim in driver.take(10)}) == 2
