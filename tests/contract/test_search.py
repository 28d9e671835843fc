"""The list of all jobs can be searched, counted and changed in portions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from django_jobs.brokers.base import Broker
from django_jobs.brokers.constants import LINED_UP
from django_jobs.brokers.inspection.base import Inspection, JobAction
from django_jobs.brokers.inspection.filters import LISTED, Cursor, Filter
from django_jobs.brokers.inspection.finder import Finder, Page
from django_jobs.jobs.batches import NewBatch
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.records import State
from tests.support.builders import (
    dead,
    discarded,
    make_failure,
    make_job,
    make_jobs,
    retrying,
    succeeded,
)
from tests.support.clock import START, Clock
from tests.support.driver import Driver, found, ids, one_in_each_state


def finder(inspection: Inspection, **wanted: Any) -> Finder:
    return Finder(inspection, Filter(**wanted))


def all_ids(inspection: Inspection, **wanted: Any) -> list[str]:
    """What a filter means, read in small pages."""
    return ids([record for page in pages(finder(inspection, **wanted)) for record in page.records])


def pages(finder: Finder, limit: int = 3, reach: int = 7) -> Iterator[Page]:
    page = finder.page(limit=limit, reach=reach)
    yield page
    while page.end:
        page = finder.page(page.end, limit=limit, reach=reach)
        yield page


# --- the list ----------------------------------------------------------------------------------


def test_the_list_has_the_jobs_of_all_states_what_comes_next_first(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    jobs = one_in_each_state(broker, w1, clock)

    assert all_ids(inspection) == [jobs[state] for state in LISTED]


def test_an_empty_list_has_one_empty_page(inspection: Inspection) -> None:
    (page,) = pages(finder(inspection))

    assert (page.records, page.total, page.left, page.scanned) == ((), 0, 0, 0)


@pytest.mark.parametrize("state", State)
def test_each_state_is_listed_in_its_order(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock, state: State
) -> None:
    for queue in ("b", "a"):
        for _ in range(4):
            one_in_each_state(broker, w1, clock, queue)
            clock.advance(1)

    listed = all_ids(inspection, states={state})

    expected = ids(inspection.jobs(state))
    assert listed == (sorted(expected) if state is State.RUNNING else expected)


def test_a_page_tells_where_it_stands(broker: Broker, inspection: Inspection) -> None:
    broker.push(make_jobs(8))

    first, second, third = pages(finder(inspection))

    assert [(page.total, page.scanned, page.left) for page in (first, second, third)] == [
        (8, 3, 5),
        (8, 3, 2),
        (8, 2, 0),
    ]
    assert third.end is None


@pytest.mark.parametrize("end", [succeeded, dead, discarded])
def test_jobs_that_ended_in_one_millisecond_are_all_listed_once(
    broker: Broker, inspection: Inspection, w1: Driver, end: Any
) -> None:
    jobs = make_jobs(20)
    broker.push(jobs)
    w1.settle(*map(end, w1.take(20)))

    assert sorted(all_ids(inspection)) == sorted(ids(jobs))


def test_the_next_page_begins_where_the_last_one_ended_although_jobs_moved(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    jobs = [make_job(run_at=START + 1_000 * n) for n in (1, 2, 2, 2, 2, 3)]
    broker.push(jobs)
    first = finder(inspection).page(limit=3)
    for record in first.records:
        inspection.delete(record.job.id)
    broker.push([make_job(run_at=START + 500)])

    second = finder(inspection).page(first.end)

    assert sorted(ids([*first.records, *second.records])) == sorted(ids(jobs))


def test_a_place_of_a_state_that_is_not_looked_for_is_the_beginning(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    jobs = one_in_each_state(broker, w1, clock)
    place = finder(inspection).page(limit=2).end

    page = finder(inspection, states={State.DEAD}).page(place)

    assert ids(page.records) == [jobs[State.DEAD]]


def test_a_place_survives_as_text() -> None:
    place = Cursor(State.QUEUED, "größe:~/", "1.5e+300", "id")

    assert Cursor.from_text(place.to_text()) == place


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "é", "\0", "a" * 5_000, "W10", "bnVsbA"),
        Cursor(State.DEAD, "", "1; DROP", "").to_text(),
        Cursor(State.DEAD, "\ud800", "1", "").to_text(),
        "WyJub25lIiwgIiIsICIxIiwgIiJd",
    ],
)
def test_an_invalid_cursor_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no place"):
        Cursor.from_text(text)


@pytest.mark.parametrize("score", ["inf", "-inf", "1e999", "-5", "0"])
@pytest.mark.parametrize("state", State)
def test_a_forged_place_is_a_place_like_others(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock, state: State, score: str
) -> None:
    one_in_each_state(broker, w1, clock)

    page = finder(inspection).page(Cursor(state, "\0", score, "'"))

    assert page.total == len(State)


# --- filters -----------------------------------------------------------------------------------


def test_jobs_are_found_by_their_task_or_its_last_parts(
    broker: Broker, inspection: Inspection
) -> None:
    mail, other = make_job(task="shop.mails.send"), make_job(task="shop.mails.resend")
    broker.push([mail, other])

    for task in ("shop.mails.send", "mails.send", "send"):
        assert all_ids(inspection, task=task) == [mail.id]
    assert all_ids(inspection, task="nd") == []


def test_jobs_are_found_by_their_last_error(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    first, second = make_jobs(2)
    broker.push([first, second, make_job()])
    w1.settle(*(retrying(claim, 60_000) for claim in w1.take(2)))
    failure = make_failure(exception="shop.errors.ÜberfüllteKasse", traceback="x" * 5_000)
    w1.settle(dead(w1.take_one(), failure=failure))

    (overfull,) = all_ids(inspection, error="shop.errors.ÜberfüllteKasse")
    assert all_ids(inspection, error="ÜberfüllteKasse") == [overfull]
    assert len(all_ids(inspection, error="ValueError")) == 2
    assert all_ids(inspection, error="builtins.KeyError") == []


def test_jobs_are_found_by_their_batch(broker: Broker, inspection: Inspection, w1: Driver) -> None:
    broker.batches.open(NewBatch(id="b1"))
    members = make_jobs(3, batch="b1", arguments='[["Ada"],{}]')
    broker.batches.add(members, Membership("b1"))
    broker.push(make_jobs(2))
    w1.settle(dead(w1.take_one()))

    assert sorted(all_ids(inspection, batch="b1")) == sorted(ids(members))
    assert all_ids(inspection, batch="b1", states={State.DEAD}) == [members[0].id]
    assert len(all_ids(inspection, batch="b1", text="ada")) == 3
    assert finder(inspection, batch="b1", states={State.DEAD}).count().number == 1
    assert all_ids(inspection, batch="b") == []


def test_jobs_are_found_by_text_in_their_arguments(broker: Broker, inspection: Inspection) -> None:
    job = make_job(arguments='[["Grüße an \\"Ada\\"\\n"],{"to":"ada@example.com"}]')
    broker.push([job, make_job(arguments="[[],{}]")])

    for text in ("grüße", 'an "Ada"', '"to":"ada', 'Ada"\n', "ADA@EXAMPLE"):
        assert all_ids(inspection, text=text) == [job.id], text
    assert all_ids(inspection, text="Bob") == []


def test_what_of_the_arguments_is_not_to_be_searched_is_not_found(
    broker: Broker, inspection: Inspection
) -> None:
    job = make_job(arguments='[[],{"password":"secret","to":"ada"}]')
    broker.push([job])

    def readable(task: str, arguments: str) -> str:
        return arguments.replace("secret", "…")

    assert Finder(inspection, Filter(text="secret"), readable).page().records == ()
    assert ids(Finder(inspection, Filter(text="ada"), readable).page().records) == [job.id]


def test_a_job_is_found_by_its_id_where_it_has_a_wanted_state(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    jobs = one_in_each_state(broker, w1, clock)
    one_in_each_state(broker, w1, clock, "b")

    for state, job_id in jobs.items():
        assert all_ids(inspection, id=job_id) == [job_id]
        assert all_ids(inspection, id=job_id, states={state}, queue="default") == [job_id]
        assert all_ids(inspection, id=job_id, queue="another") == []
        assert all_ids(inspection, id=job_id, states={*State} - {state}) == []
    assert all_ids(inspection, id="unknown") == []


@pytest.mark.parametrize("state", State)
def test_jobs_are_found_by_their_queue(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock, state: State
) -> None:
    one_in_each_state(broker, w1, clock, "a")
    jobs = one_in_each_state(broker, w1, clock, "b")

    assert all_ids(inspection, states={state}, queue="b") == [jobs[state]]
    assert finder(inspection, states={state}, queue="b").count().number == 1


@pytest.mark.parametrize("state", State)
def test_jobs_are_found_by_the_time_that_matters_for_their_state(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock, state: State
) -> None:
    made = []
    for minute in range(3):
        begin = clock.now()
        jobs = one_in_each_state(broker, w1, clock, str(minute))
        made.append(jobs[state])
        clock.advance(10_000)
    if state in LINED_UP:  # jobs of the tests are all enqueued at START
        assert len(all_ids(inspection, states={state}, since=START, until=START)) == 3
        assert all_ids(inspection, states={state}, since=START + 1) == []
        return
    ahead = 60_000 if state in {State.RETRYING, State.SCHEDULED} else 0
    middle = begin - 10_000 + ahead

    assert all_ids(inspection, states={state}, since=middle, until=middle) == [made[1]]
    assert set(all_ids(inspection, states={state}, since=middle)) == set(made[1:])
    assert set(all_ids(inspection, states={state}, until=middle)) == set(made[:2])
    for wanted in ({"since": middle}, {"until": middle}):
        assert finder(inspection, states={state}, **wanted).count().number == 2


def test_filters_hold_together(broker: Broker, inspection: Inspection, w1: Driver) -> None:
    wanted = make_job(task="a.b", queue="mails", arguments='[["x"],{}]')
    broker.push(
        [
            make_job(task="a.b", queue="mails", arguments='[["y"],{}]'),
            make_job(task="a.b", queue="low", arguments='[["x"],{}]'),
            make_job(task="a.c", queue="mails", arguments='[["x"],{}]'),
            wanted,
        ]
    )
    w1.settle(*map(dead, w1.take(4, "mails", "low")))

    meant = {"states": {State.DEAD}, "task": "b", "queue": "mails", "text": "x"}

    assert all_ids(inspection, **meant, error="ValueError") == [wanted.id]
    assert all_ids(inspection, **meant, error="KeyError") == []


def test_a_look_ends_where_it_was_to_end_and_goes_on_from_there(
    broker: Broker, inspection: Inspection
) -> None:
    rare = make_job(task="shop.rare")
    broker.push([*make_jobs(30), rare, *make_jobs(30)])

    looks = list(pages(finder(inspection, task="rare"), reach=25))

    assert [page.scanned for page in looks] == [25, 25, 11]
    assert [page.left for page in looks] == [36, 11, 0]
    assert [ids(page.records) for page in looks] == [[], [rare.id], []]


# --- counting ----------------------------------------------------------------------------------


def test_what_an_index_knows_is_counted_at_once(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    broker.push(make_jobs(50))
    one_in_each_state(broker, w1, clock, "b")

    count = finder(inspection, states={State.QUEUED, State.DEAD}).count(reach=3)

    assert (count.number, count.left, count.end) == (52, 0, None)
    assert finder(inspection, states={State.QUEUED}, queue="b").count(reach=1).number == 1


def test_what_no_index_knows_is_counted_stretch_by_stretch(
    broker: Broker, inspection: Inspection
) -> None:
    broker.push([*make_jobs(30, task="a"), *make_jobs(31, task="b")])
    looking = finder(inspection, task="b")

    count = looking.count(reach=20)
    numbers = [count.number]
    while count.end:
        count = looking.count(count.end, reach=20)
        numbers.append(count.number)

    assert numbers == [0, 10, 20, 1]


# --- actions -----------------------------------------------------------------------------------


def apply_to_all(finder: Finder, action: JobAction, reach: int = 7) -> int:
    step = finder.apply(action, reach=reach)
    number = step.number
    while step.end:
        step = finder.apply(action, step.end, reach=reach)
        number += step.number
    return number


@pytest.mark.parametrize("action", JobAction)
def test_all_that_is_meant_is_changed_and_nothing_else(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock, action: JobAction
) -> None:
    for queue in "aabb":
        one_in_each_state(broker, w1, clock, queue)
    before = dict(inspection.counts())

    number = apply_to_all(finder(inspection, queue="a"), action)

    assert number == 2 * len(action.states)
    untouched = {state: 4 for state in State if state not in action.states}
    after = dict(inspection.counts())
    gained = {JobAction.RETRY: State.QUEUED, JobAction.CANCEL: State.DISCARDED}.get(action)
    assert {state: after[state] for state in untouched if state is not gained} == {
        state: before[state] for state in untouched if state is not gained
    }
    assert len(all_ids(inspection, queue="b")) == 16


def test_a_job_to_which_something_happened_is_left_alone(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    moved, again, sound = make_jobs(3)
    broker.push([moved, again, sound])
    w1.settle(*map(dead, w1.take(3)))
    seen = inspection.scan(Filter(states={State.DEAD}), None, 9).candidates
    inspection.retry(moved.id)
    inspection.retry(again.id)
    w1.take_one()
    w1.settle(dead(w1.take_one()))

    assert inspection.apply(JobAction.DELETE, seen) == (1, 0)

    assert found(inspection, moved.id).state is State.RUNNING
    assert found(inspection, again.id).state is State.DEAD
    assert inspection.find(sound.id) is None


def test_a_job_that_fails_again_during_a_retry_of_many_is_retried_once(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    broker.push(make_jobs(20))
    w1.settle(*map(dead, w1.take(10)), *map(retrying, w1.take(10), range(60_000, 60_010)))
    clock.advance(1)
    at = finder(inspection).count().at
    looking = finder(inspection, states={State.RETRYING, State.DEAD}, as_of=at)

    number, end = 0, None
    for _ in range(1_000):
        step = looking.apply(JobAction.RETRY, end, reach=3)
        number += step.number
        end = step.end
        if end is None:
            break
        clock.advance(1)
        again = w1.take(20)
        w1.settle(*map(dead, again[::2]), *(retrying(claim, 60_000) for claim in again[1::2]))

    assert number == 20


@pytest.mark.parametrize("ahead", [None, 60_000])
def test_later_jobs_are_left_out(
    broker: Broker, inspection: Inspection, clock: Clock, ahead: int | None
) -> None:
    run_at = ahead and START + ahead
    broker.push([make_job(run_at=run_at)])
    clock.advance(1)
    broker.push([late := make_job(enqueued_at=START + 1, run_at=run_at)])

    assert apply_to_all(finder(inspection, as_of=START), JobAction.DELETE) == 1

    assert inspection.find(late.id)


@pytest.mark.parametrize("ahead", [None, 60_000])
def test_a_clock_that_is_ahead_hides_no_job(
    broker: Broker, inspection: Inspection, ahead: int | None
) -> None:
    broker.push([make_job(enqueued_at=START + 10**9, run_at=ahead and START + ahead)])

    assert apply_to_all(finder(inspection, as_of=START), JobAction.DELETE) == 1


def test_some_jobs_are_read_in_the_order_in_which_they_are_asked_for(
    broker: Broker, inspection: Inspection
) -> None:
    one, other = make_jobs(2)
    broker.push([one, other])

    assert ids(inspection.read([other.id, "unknown", one.id])) == [other.id, one.id]
    assert inspection.read([]) == ()


def test_jobs_that_are_read_together_tell_their_last_error_only(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push(make_jobs(1))
    for message in ("first", "last"):
        claim = w1.take_one()
        w1.settle(retrying(claim, failure=make_failure(message=message)))

    (record,) = inspection.read([claim.job.id])

    assert [failure.message for failure in record.failures] == ["last"]
    assert len(found(inspection, claim.job.id).failures) == 2
