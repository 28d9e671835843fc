"""Jobs enqueued in a transaction wait for its commit, as with Django's `on_commit`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections, transaction
from django.db.transaction import TransactionManagementError
from django.test import TestCase, TransactionTestCase

from django_jobs.backends.on_commit import open_transactions, run_after_all_commits
from django_jobs.errors import BrokerRefused, BrokerUnavailable, QueueFull
from tests.apps.library.models import Author

Capture = Callable[..., AbstractContextManager[list[Callable[[], None]]]]

committing = pytest.mark.django_db(transaction=True, databases=["default", "other"])


class Rollback(Exception):
    """Ends an atomic block without a commit."""


@contextmanager
def rolled_back(using: str = "default") -> Iterator[None]:
    """An atomic block that ends with an error."""
    with suppress(Rollback), transaction.atomic(using=using):
        yield
        raise Rollback


def fail(error: Exception) -> None:
    """Fail the test if an error is raised that nothing should raise."""
    raise error


class Queue:
    """Where jobs arrive when they are pushed."""

    def __init__(self) -> None:
        self.jobs: list[str] = []

    def enqueue(self, job: str = "job") -> None:
        transactions = open_transactions()
        run_after_all_commits(transactions, lambda: self.jobs.append(job), fail, "queue")


@pytest.fixture
def queue() -> Queue:
    return Queue()


# --- one database ------------------------------------------------------------------------------


@committing
def test_without_a_transaction_it_is_pushed_at_once(queue: Queue) -> None:
    Author.objects.create(name="connects")
    queue.enqueue()
    assert queue.jobs == ["job"]


@committing
def test_it_is_pushed_at_the_commit_in_the_order_of_the_calls(queue: Queue) -> None:
    with transaction.atomic():
        queue.enqueue("first")
        with transaction.atomic():
            queue.enqueue("second")
        queue.enqueue("third")
        assert queue.jobs == []
    assert queue.jobs == ["first", "second", "third"]


@committing
def test_a_rollback_drops_it(queue: Queue) -> None:
    with rolled_back():
        queue.enqueue("outer")
        with transaction.atomic():
            queue.enqueue("inner")
    assert queue.jobs == []


@committing
def test_a_rollback_to_a_savepoint_drops_what_was_enqueued_in_it(queue: Queue) -> None:
    with transaction.atomic():
        queue.enqueue("outer")
        with rolled_back():
            queue.enqueue("inner")
    assert queue.jobs == ["outer"]


@committing
def test_it_is_pushed_after_a_durable_block(queue: Queue) -> None:
    with transaction.atomic(durable=True):
        queue.enqueue()
        assert queue.jobs == []
    assert queue.jobs == ["job"]


class Refusing:
    """Pushes to brokers that refuse, and what was said of them."""

    def __init__(self, error: Exception) -> None:
        self.tried: list[str] = []
        self.given_up: list[tuple[str, Exception]] = []
        self._error = error

    def enqueue(self, job: str, where: str = "default") -> None:
        run_after_all_commits(
            open_transactions(),
            lambda: self._refuse(job),
            lambda error: self.given_up.append((job, error)),
            where,
        )

    def _refuse(self, job: str) -> None:
        self.tried.append(job)
        raise self._error


ERRORS = [BrokerRefused("full"), BrokerUnavailable("away"), QueueFull("full"), ZeroDivisionError()]


@committing
@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_an_error_of_a_push_takes_no_other_callback_of_the_transaction_with_it(
    queue: Queue, error: Exception
) -> None:
    refusing = Refusing(error)
    ran: list[str] = []
    with transaction.atomic():
        Author.objects.create(name="kept")
        transaction.on_commit(lambda: ran.append("before"))
        refusing.enqueue("lost")
        transaction.on_commit(lambda: ran.append("after"))
        queue.enqueue("later")

    assert Author.objects.filter(name="kept").exists()
    assert ran == ["before", "after"]
    assert queue.jobs == ["later"]
    assert refusing.given_up == [("lost", error)]


@committing
def test_without_a_transaction_an_error_of_a_push_comes_out() -> None:
    refusing = Refusing(BrokerUnavailable("away"))
    with pytest.raises(BrokerUnavailable, match="away"):
        refusing.enqueue("lost")
    assert refusing.given_up == []


@committing
def test_a_broker_that_is_away_is_tried_once_in_a_transaction(queue: Queue) -> None:
    error = BrokerUnavailable("away")
    refusing = Refusing(error)
    with transaction.atomic():
        refusing.enqueue("first")
        with rolled_back():
            refusing.enqueue("rolled back")
        queue.enqueue("of another broker")
        with transaction.atomic():
            refusing.enqueue("second")
        refusing.enqueue("there", where="elsewhere")
    assert refusing.tried == ["first", "there"]
    assert refusing.given_up == [("first", error), ("second", error), ("there", error)]
    assert queue.jobs == ["of another broker"]

    with transaction.atomic():
        refusing.enqueue("next")
    assert refusing.tried == ["first", "there", "next"]


@committing
def test_a_broker_that_refuses_is_tried_for_each_push() -> None:
    refusing = Refusing(BrokerRefused("full"))
    with transaction.atomic():
        refusing.enqueue("first")
        refusing.enqueue("second")
    assert refusing.tried == ["first", "second"]


@committing
@pytest.mark.parametrize(("outer", "inner"), [("default", "other"), ("other", "default")])
def test_with_two_databases_no_other_callback_is_lost(outer: str, inner: str) -> None:
    refusing = Refusing(BrokerUnavailable("away"))
    ran: list[str] = []
    with transaction.atomic(using=outer):
        with transaction.atomic(using=inner):
            refusing.enqueue("first")
            transaction.on_commit(lambda: ran.append("inner"), using=inner)
        refusing.enqueue("second")
        transaction.on_commit(lambda: ran.append("outer"), using=outer)
    assert ran == ["inner", "outer"]
    assert refusing.tried == ["first"]
    assert [job for job, _ in refusing.given_up] == ["first", "second"]


@committing
def test_manual_transactions_are_refused_with_the_way_out(queue: Queue) -> None:
    transaction.set_autocommit(False)
    try:
        with pytest.raises(TransactionManagementError, match=r"'default'.*enqueue_on_commit=False"):
            queue.enqueue()
    finally:
        transaction.rollback()
        transaction.set_autocommit(True)
    assert queue.jobs == []


@committing
def test_an_atomic_block_in_a_manual_transaction_waits_for_the_manual_commit(queue: Queue) -> None:
    transaction.set_autocommit(False)
    try:
        with transaction.atomic():
            queue.enqueue()
        transaction.commit()
        assert queue.jobs == []
    finally:
        transaction.set_autocommit(True)
    assert queue.jobs == ["job"]


# --- several databases -------------------------------------------------------------------------


@committing
def test_a_transaction_on_another_database_counts(queue: Queue) -> None:
    with transaction.atomic(using="other"):
        queue.enqueue()
        assert queue.jobs == []
    assert queue.jobs == ["job"]


@committing
@pytest.mark.parametrize(("outer", "inner"), [("default", "other"), ("other", "default")])
def test_it_waits_for_the_last_commit(queue: Queue, outer: str, inner: str) -> None:
    with transaction.atomic(using=outer):
        with transaction.atomic(using=inner):
            queue.enqueue()
        assert queue.jobs == []
    assert queue.jobs == ["job"]


@committing
@pytest.mark.parametrize(("outer", "inner"), [("default", "other"), ("other", "default")])
def test_a_rollback_of_the_inner_database_drops_it(queue: Queue, outer: str, inner: str) -> None:
    with transaction.atomic(using=outer), rolled_back(inner):
        queue.enqueue()
    assert queue.jobs == []


@committing
@pytest.mark.parametrize(("outer", "inner"), [("default", "other"), ("other", "default")])
def test_a_rollback_of_the_outer_database_drops_it(queue: Queue, outer: str, inner: str) -> None:
    with rolled_back(outer), transaction.atomic(using=inner):
        queue.enqueue()
    assert queue.jobs == []


@committing
def test_a_block_that_was_closed_before_does_not_count(queue: Queue) -> None:
    with transaction.atomic():
        with transaction.atomic(using="other"):
            pass
        queue.enqueue()
    assert queue.jobs == ["job"]


# --- without a database ------------------------------------------------------------------------


def connected(tell: Callable[[bool], None]) -> None:
    """Enqueue in a thread of its own, which has no connections yet, and tell if it has then."""
    run_after_all_commits(open_transactions(), lambda: None, fail)
    tell(any(found.connection for found in connections.all(initialized_only=True)))


def test_no_connection_is_opened_to_find_out() -> None:
    """Without the mark of pytest-django, a connection would be an error here."""
    answers: list[bool] = []
    thread = threading.Thread(target=connected, args=[answers.append])
    thread.start()
    thread.join()
    assert answers == [False]


def test_a_connection_that_is_known_but_not_open_is_left_alone(queue: Queue) -> None:
    def work() -> None:
        connections["default"].close()
        queue.enqueue()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert queue.jobs == ["job"]


# --- threads and coroutines --------------------------------------------------------------------


@committing
def test_the_transaction_of_another_thread_does_not_count(queue: Queue) -> None:
    with transaction.atomic():
        thread = threading.Thread(target=queue.enqueue)
        thread.start()
        thread.join()
        assert queue.jobs == ["job"]


@committing
def test_it_waits_in_synchronous_code_that_a_coroutine_calls(queue: Queue) -> None:
    seen: list[list[str]] = []

    def work() -> None:
        with transaction.atomic():
            queue.enqueue()
            seen.append(list(queue.jobs))

    async def view() -> None:
        await sync_to_async(work)()
        await sync_to_async(queue.enqueue)("at once")
        await sync_to_async(connections.close_all)()

    asyncio.run(view())
    assert seen == [[]]
    assert queue.jobs == ["job", "at once"]


@committing
def test_a_coroutine_itself_is_in_no_transaction(queue: Queue) -> None:
    async def view() -> None:
        queue.enqueue()

    asyncio.run(view())
    assert queue.jobs == ["job"]


# --- in tests of the site ----------------------------------------------------------------------


@pytest.mark.django_db
def test_pytest_django_captures_it(
    queue: Queue, django_capture_on_commit_callbacks: Capture
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        queue.enqueue()
    assert (len(callbacks), queue.jobs) == (1, [])
    callbacks[0]()
    assert queue.jobs == ["job"]

    with django_capture_on_commit_callbacks(execute=True):
        queue.enqueue("executed")
    assert queue.jobs == ["job", "executed"]


def test_a_transactional_test_commits_for_real(transactional_db: None, queue: Queue) -> None:
    with transaction.atomic():
        queue.enqueue()
    assert queue.jobs == ["job"]


class InATestCase(TestCase):
    """A TestCase wraps each test in transactions that are never committed."""

    databases = {"default", "other"}
    before = Queue()

    @classmethod
    def setUpTestData(cls) -> None:
        cls.before = Queue()
        cls.before.enqueue()

    def setUp(self) -> None:
        self.queue = Queue()

    def test_it_waits_for_a_commit_that_never_comes(self) -> None:
        self.queue.enqueue()
        assert self.queue.jobs == self.before.jobs == []

    def test_it_is_captured_on_the_default_database_as_it_is(self) -> None:
        with (
            self.captureOnCommitCallbacks() as captured,
            self.captureOnCommitCallbacks(using="other") as captured_of_other,
        ):
            self.queue.enqueue()
        assert captured_of_other == []
        (callback,) = captured
        callback()
        assert self.queue.jobs == ["job"]

    def test_captured_callbacks_can_be_executed(self) -> None:
        with self.captureOnCommitCallbacks(execute=True) as captured:
            self.queue.enqueue()
            assert self.queue.jobs == []
        assert self.queue.jobs == ["job"]
        assert len(captured) == 1

    def test_a_broker_that_was_away_is_tried_again_after_a_capture(self) -> None:
        refusing = Refusing(BrokerUnavailable("away"))
        for job in ("first", "second"):
            with self.captureOnCommitCallbacks(execute=True):
                refusing.enqueue(job)
        assert refusing.tried == ["first", "second"]

    def test_what_a_callback_enqueues_is_captured_too(self) -> None:
        with self.captureOnCommitCallbacks(execute=True) as captured:
            transaction.on_commit(self.queue.enqueue)
        assert self.queue.jobs == ["job"]
        assert len(captured) == 2

    def test_the_blocks_of_the_code_are_captured_on_their_own_database(self) -> None:
        with self.captureOnCommitCallbacks(using="other", execute=True):
            with transaction.atomic(using="other"):
                self.queue.enqueue()
            assert self.queue.jobs == []
        assert self.queue.jobs == ["job"]

    def test_nested_blocks_of_the_code_are_captured(self) -> None:
        with self.captureOnCommitCallbacks(execute=True):
            with transaction.atomic(), transaction.atomic():
                self.queue.enqueue()
            assert self.queue.jobs == []
        assert self.queue.jobs == ["job"]

    def test_blocks_on_two_databases_need_the_commit_of_both(self) -> None:
        with self.captureOnCommitCallbacks(execute=True):
            with (
                self.captureOnCommitCallbacks(using="other", execute=True),
                transaction.atomic(),
                transaction.atomic(using="other"),
            ):
                self.queue.enqueue()
            assert self.queue.jobs == []
        assert self.queue.jobs == ["job"]

    def test_a_rolled_back_block_drops_it(self) -> None:
        with self.captureOnCommitCallbacks(execute=True) as captured, rolled_back():
            self.queue.enqueue()
        assert (captured, self.queue.jobs) == ([], [])


class InATestCaseOfAnotherDatabase(TestCase):
    databases = {"other"}

    def test_it_is_captured_there(self) -> None:
        queue = Queue()
        with self.captureOnCommitCallbacks(using="other", execute=True):
            queue.enqueue()
            assert queue.jobs == []
        assert queue.jobs == ["job"]


class InATransactionTestCase(TransactionTestCase):
    def test_it_is_pushed_at_the_commit(self) -> None:
        queue = Queue()
        with transaction.atomic():
            queue.enqueue()
            assert queue.jobs == []
        assert queue.jobs == ["job"]
        assert not connection.in_atomic_block
