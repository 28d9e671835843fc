"""Work that waits until the transactions around it are committed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from operator import attrgetter

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.transaction import TransactionManagementError

Push = Callable[[], None]

# Django's own mark of the blocks that it does not count either, where a block must be durable.
_FROM_TESTCASE = attrgetter("_from_testcase")


def after_commit(push: Push) -> None:
    """Run `push` once every transaction that is open in this thread is committed.

    Without one it runs at once. If any of them is rolled back, also only to a savepoint, it never
    runs. No database connection is opened to find out.

    Django's `TestCase` opens transactions around each test that are never committed. They count
    only where the test has opened none itself, so that `captureOnCommitCallbacks` works as for
    `transaction.on_commit`.

    Args:
        push: an error that it raises comes out of the atomic block.

    Raises:
        TransactionManagementError: a connection is in manual transaction management.
    """
    opened = _in_transaction()
    if not opened:
        push()
        return
    waiting = [connection for connection in opened if _is_opened_by_code(connection)]
    waiting = waiting or _captured(opened)
    if len(waiting) == 1:
        waiting[0].on_commit(push)
    else:
        _after_all(waiting, push)


def _in_transaction() -> list[BaseDatabaseWrapper]:
    connected = connections.all(initialized_only=True)
    for connection in connected:
        _refuse_manual(connection)
    return [connection for connection in connected if connection.in_atomic_block]


def _is_opened_by_code(connection: BaseDatabaseWrapper) -> bool:
    return not all(map(_FROM_TESTCASE, connection.atomic_blocks))


def _captured(opened: list[BaseDatabaseWrapper]) -> list[BaseDatabaseWrapper]:
    """Of connections that only a TestCase opened, return the one whose callbacks a test captures.

    With one callback on each, a test would have to capture the callbacks of every database.
    """
    return sorted(opened, key=lambda connection: connection.alias != DEFAULT_DB_ALIAS)[:1]


def _refuse_manual(connection: BaseDatabaseWrapper) -> None:
    # Not get_autocommit(), which would connect; before that there is no transaction anyway.
    manual = connection.connection is not None and not connection.autocommit
    if manual and not connection.in_atomic_block:
        raise TransactionManagementError(
            f"The database {connection.alias!r} is in manual transaction management (autocommit "
            "is off), so django_jobs cannot tell when its transaction is committed. Enqueue "
            "after your commit with enqueue_on_commit=False, or use transaction.atomic()."
        )


def _after_all(waiting: list[BaseDatabaseWrapper], push: Push) -> None:
    """Push after the last commit, in whatever order they come.

    Each connection holds a callback of its own. A chain from one to the next would miss the
    rollback of an inner block on another database.
    """
    uncommitted = {connection.alias for connection in waiting}

    def committed(alias: str) -> None:
        uncommitted.discard(alias)
        if not uncommitted:
            push()

    for connection in waiting:
        connection.on_commit(partial(committed, connection.alias))
