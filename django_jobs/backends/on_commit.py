"""Runs a callback once all open transactions are committed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import TypeAlias

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.transaction import TransactionManagementError

from django_jobs.errors import BrokerUnavailable

Push: TypeAlias = Callable[[], None]
GiveUp: TypeAlias = Callable[[Exception], None]

# Django marks the blocks of a TestCase with it; `durable=True` does not count them either.
_FROM_TESTCASE = attrgetter("_from_testcase")


def open_transactions() -> Sequence[BaseDatabaseWrapper]:
    """Return the connections of this thread that have an open transaction.

    This opens no database connection.

    Raises:
        TransactionManagementError: a connection is in manual transaction management.
    """
    connected = connections.all(initialized_only=True)
    for connection in connected:
        _refuse_manual(connection)
    return [connection for connection in connected if connection.in_atomic_block]


def run_after_all_commits(
    opened: Sequence[BaseDatabaseWrapper], push: Push, give_up: GiveUp, where: str = ""
) -> None:
    """Run `push` once every open transaction is committed.

    If none is open, `push` runs at once. If one of them is rolled back, even to a savepoint only,
    `push` never runs.

    Django's `TestCase` opens transactions around each test that are never committed. They count
    only if the test itself has opened none, so `captureOnCommitCallbacks` works as it does for
    `transaction.on_commit`.

    Args:
        opened: what `open_transactions` returned in this thread.
        push: the callback. If no transaction is open, its errors are raised here.
        give_up: called with the error if `push` raises after the commit. It must not raise: the
            transaction is committed, and Django would drop all later callbacks.
        where: name of the broker. After it was unavailable once, no other push of the same
            transaction tries to reach it, as each would wait for a timeout.
    """
    if not opened:
        push()
        return
    waiting = [connection for connection in opened if not is_opened_by_testcase(connection)]
    waiting = waiting or _captured(opened)
    hook = _Hook(push, give_up, where, len(waiting), _unavailable_in(waiting[0]))
    for connection in waiting:
        connection.on_commit(hook)


def waiting_for_commit() -> tuple[int, int]:
    """Return the number of pushes that wait for a commit in this thread, and of other callbacks.

    Other callbacks may already have run: a test keeps those that it has captured.
    """
    registered = [
        entry[1]
        for connection in connections.all(initialized_only=True)
        for entry in connection.run_on_commit
    ]
    ours = {hook for hook in registered if isinstance(hook, _Hook)}
    others = sum(not isinstance(hook, _Hook) for hook in registered)
    return sum(not hook.has_run for hook in ours), others


class _Hook:
    """A push that is registered with each open transaction, and runs after the last commit.

    A chain from one connection to the next would miss the rollback of an inner block on another
    database.
    """

    __slots__ = ("_give_up", "_push", "_uncommitted", "_where", "unavailable")

    def __init__(
        self,
        push: Push,
        give_up: GiveUp,
        where: str,
        uncommitted: int,
        unavailable: dict[str, Exception],
    ) -> None:
        self._push = push
        self._give_up = give_up
        self._where = where
        self._uncommitted = uncommitted
        self.unavailable = unavailable

    @property
    def has_run(self) -> bool:
        return self._uncommitted <= 0

    def __call__(self) -> None:
        self._uncommitted -= 1
        if not self.has_run:
            return
        known = self.unavailable.get(self._where)
        if known:
            self._give_up(known)
            return
        try:
            self._push()
        except Exception as error:  # noqa: BLE001 (an error must not affect other callbacks)
            if isinstance(error, BrokerUnavailable):
                self.unavailable[self._where] = error
            self._give_up(error)


def _unavailable_in(connection: BaseDatabaseWrapper) -> dict[str, Exception]:
    """Return the unavailable brokers, which all pushes of a transaction share."""
    for entry in reversed(connection.run_on_commit):
        hook = entry[1]
        if isinstance(hook, _Hook):
            # A TestCase keeps hooks that have run; what they found no longer holds.
            return {} if hook.has_run else hook.unavailable
    return {}


def is_opened_by_testcase(connection: BaseDatabaseWrapper) -> bool:
    """Return whether only a `TestCase` has opened the transactions of a connection, if any."""
    return all(map(_FROM_TESTCASE, connection.atomic_blocks))


def _captured(opened: Sequence[BaseDatabaseWrapper]) -> list[BaseDatabaseWrapper]:
    """Of transactions that only a TestCase opened, return the one whose callbacks a test captures.

    With one callback on each, a test would have to capture the callbacks of every database.
    """
    return sorted(opened, key=lambda connection: connection.alias != DEFAULT_DB_ALIAS)[:1]


def _refuse_manual(connection: BaseDatabaseWrapper) -> None:
    # Not get_autocommit(), which would connect; without a connection there is no transaction.
    manual = connection.connection is not None and not connection.autocommit
    if manual and not connection.in_atomic_block:
        raise TransactionManagementError(
            f"The database {connection.alias!r} is in manual transaction management (autocommit "
            "is off), so django_jobs cannot tell when its transaction is committed. Enqueue "
            "after your commit with enqueue_on_commit=False, or use transaction.atomic()."
        )
