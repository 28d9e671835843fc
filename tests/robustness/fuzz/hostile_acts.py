"""What a task may do in its attempt, and nobody expects."""

from __future__ import annotations

import contextvars
import decimal
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.utils import timezone, translation
from django.utils.functional import SimpleLazyObject

from django_jobs import Batch, set_progress
from django_jobs.jobs.progress import CURRENT_ATTEMPT
from tests.robustness.fuzz import hostile_tasks as tasks
from tests.robustness.fuzz.hostile_errors import VALUES, evil, leave

Act = Callable[[Any], Any]

OPTIONS = (
    *("priority", "queue_name", "run_after", "backend", "timeout", "expires", "result_ttl"),
    *("retry", "unique", "limits", "fair_by", "fair_weight", "metadata", "discard_on", "on_death"),
)
"""Names for `using`; some are none of its options."""


class BadZone(tzinfo):
    utcoffset = dst = tzname = leave


def _cycle() -> list[Any]:
    cycle: list[Any] = [1]
    cycle.append({"again": cycle})
    return cycle


def _deep(depth: int) -> Any:
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


EvilList = evil(list, "__iter__", "__len__", "__getitem__")
EvilDict = evil(dict, "items", "__iter__", "keys", "__len__", "__getitem__")

RESULTS: tuple[Callable[[], Any], ...] = (
    *(lambda value=value: value for value in VALUES.values()),
    set,
    _cycle,
    lambda: _deep(90),
    lambda: _deep(500),
    lambda: _deep(5000),
    lambda: 10**5000,
    lambda: {1: 2, "1": 3},
    lambda: {(1, 2): 3},
    lambda: {None: 1, True: 2, 1.5: 3},
    lambda: {float("nan"): 1},
    lambda: {"\ud800": 1},
    lambda: {"$model": ["auth.user", 1, "default"]},
    lambda: {"$datetime": "never"},
    lambda: EvilList([1]),
    lambda: EvilDict(a=1),
    lambda: SimpleLazyObject(leave),
    lambda: datetime(2000, 1, 1, tzinfo=BadZone()),
    lambda: Decimal("NaN"),
    lambda: [Decimal(10) ** 50_000],
    lambda: "x" * 8_000_000,
    lambda: [["x" * 1000] * 1000] * 5,
    lambda: (number for number in range(3)),
    lambda: tasks.be_sound,
    lambda: sys,
    threading.Lock,
    lambda: Exception("returned"),
)
"""Make what a task returns."""


def returning(make: Callable[[], Any], wrap: Callable[[Any], Any]) -> Act:
    return lambda context: wrap(make())


def results() -> Iterator[Act]:
    """Yield what returns each of the results, alone and in others."""
    for make in RESULTS:
        yield returning(make, lambda value: value)
        yield returning(make, lambda value: {"a": [value]})
    for value in VALUES.values():
        yield returning(lambda value=value: {value: 1}, lambda found: found)  # type: ignore[misc]


# --- with a value ---------------------------------------------------------------------------------


def keep(context: Any, value: Any) -> None:
    context.metadata["kept"] = [value]


def keep_under(context: Any, value: Any) -> None:
    context.metadata[value] = 1


def keep_and_fail(context: Any, value: Any) -> None:
    context.metadata["kept"] = value
    raise ValueError("on purpose")


def save(context: Any, value: Any) -> None:
    context.metadata["kept"] = value
    context.save_metadata()


def report(context: Any, value: Any) -> None:
    set_progress(1, 2, value)


def report_done(context: Any, value: Any) -> None:
    set_progress(value)


def report_total(context: Any, value: Any) -> None:
    set_progress(1, value)


def enqueue(context: Any, value: Any) -> None:
    tasks.act.enqueue(value)


def name_batch(context: Any, value: Any) -> None:
    with Batch(name=value) as batch:
        batch.enqueue(tasks.be_sound)


def describe_batch(context: Any, value: Any) -> None:
    with Batch(metadata={"a": value}) as batch:
        batch.enqueue(tasks.be_sound)


def call_back(context: Any, value: Any) -> None:
    with Batch(on_end=value) as batch:
        batch.enqueue(value)


def leave_batch(context: Any, value: Any) -> None:
    with Batch(on_death=tasks.be_sound) as batch:
        batch.enqueue(tasks.be_sound)
        batch.enqueue(value)


def look_for_batch(context: Any, value: Any) -> None:
    Batch.get(value).cancel()


WITH_A_VALUE = (
    *(keep, keep_under, keep_and_fail, save, report, report_done, report_total, enqueue),
    *(name_batch, describe_batch, call_back, leave_batch, look_for_batch),
)

EVIL_VALUES = {**VALUES, "evil dict": EvilDict(a=1), "evil list": EvilList([1]), "cycle": _cycle()}


def with_values() -> Iterator[Act]:
    for act in WITH_A_VALUE:
        for value in EVIL_VALUES.values():
            yield lambda context, act=act, value=value: act(context, value)  # type: ignore[misc]
    for option in OPTIONS:
        for value in VALUES.values():
            yield _using(option, value)


def _using(option: str, value: Any) -> Act:
    def act(context: Any) -> None:
        tasks.be_sound.using(**{option: value}).enqueue()

    return act


# --- alone ----------------------------------------------------------------------------------------


def change_its_result(context: Any) -> None:
    result = context.task_result
    result.args.append(object())
    result.kwargs["a"] = leave
    result.errors.append("an error")
    result.worker_ids.clear()
    for name in ("id", "task", "args", "enqueued_at", "_metadata", "status", "_return_value"):
        object.__setattr__(result, name, object())


def change_variables(context: Any) -> None:
    for variable in contextvars.copy_context():
        variable.set(object())
    CURRENT_ATTEMPT.set(object())  # type: ignore[arg-type]


def change_language(context: Any) -> None:
    translation.activate("xx-nowhere")
    timezone.activate("Europe/Berlin")


def change_arithmetic(context: Any) -> None:
    decimal.getcontext().prec = 1
    decimal.getcontext().traps[decimal.Inexact] = True


def leave_transaction(context: Any) -> None:
    transaction.atomic().__enter__()
    transaction.on_commit(leave)


def close_database(context: Any) -> None:
    connection.ensure_connection()
    connection.connection.close()


def replace_metadata(context: Any) -> None:
    context._keeper.metadata.values = EvilDict(a=1)  # noqa: SLF001


ALONE: tuple[Act, ...] = (
    *(change_its_result, change_variables, change_language, change_arithmetic),
    *(leave_transaction, close_database, replace_metadata),
)
