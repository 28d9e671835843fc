"""The option `unique`: which values are refused, and which calls are the same."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_jobs import Unique, task
from django_jobs.errors import UnserializableArgument
from django_jobs.jobs.context import JobContext
from django_jobs.jobs.records import Lock, OnConflict, Until
from django_jobs.relations.unique import lock_of
from django_jobs.validation.ranges import LONGEST_TIME
from tests.apps.library.models import Author


def charge(customer_id: Any, amount: Any = 1, *, note: Any = "") -> None:
    """What the tasks of these tests would do."""


def refund(customer_id: Any, amount: Any = 1, *, note: Any = "") -> None:
    """Another task."""


def gather(*rows: Any, **options: Any) -> None:
    """A task that takes anything."""


def ship(context: JobContext, order: int) -> None:
    """A task that takes its context."""


def lock(*args: Any, unique: Unique | None = None, of: Any = charge, **kwargs: Any) -> Lock:
    return lock_of(unique or Unique(), task(of), args, kwargs, after_commit=False)


def digest(*args: Any, **kwargs: Any) -> str:
    return lock(*args, **kwargs).digest


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["customer", ["customer_id", "customer"]])
def test_a_parameter_that_the_function_lacks_is_named_with_those_it_has(by: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"charge: Unique\.by=.*customer_id"):
        task(unique=Unique(by=by))(charge)


@pytest.mark.parametrize(
    "by", [7, 0, [7], "", "a..b", {}, {"a": 1}, [["customer_id"]], [{}], {"a"}, frozenset()]
)
def test_what_cannot_name_values_is_refused(by: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"Unique\.by=.*[Gg]ive (a list|the name)"):
        Unique(by=by)


@pytest.mark.parametrize("by", ["rows", "options", "options.colour"])
def test_what_collects_arguments_is_refused(by: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"gather: Unique\.by=.* Name one of them"):
        task(unique=Unique(by=by))(gather)


def test_a_coroutine_function_is_refused() -> None:
    async def by(customer_id: int) -> int:
        return customer_id

    with pytest.raises(ImproperlyConfigured, match="must not be a coroutine function"):
        Unique(by=by)


@pytest.mark.parametrize("value", ["stop", None, 1])
def test_an_unknown_until_is_refused(value: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"Unique\(until=.*'end' or 'start'"):
        Unique(until=value)


@pytest.mark.parametrize("value", ["skip", None, 1])
def test_an_unknown_on_conflict_is_refused(value: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"on_conflict=.*'return' or 'raise'"):
        Unique(on_conflict=value)


@pytest.mark.parametrize("value", [0, -1, LONGEST_TIME + 1, "60", float("nan")])
def test_a_time_out_of_range_is_refused(value: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"Unique\(keep_for=.*or None"):
        Unique(keep_for=value)


@pytest.mark.parametrize("other", [{"until": "start"}, {"on_conflict": "replace"}])
def test_what_cannot_be_kept_after_a_success_is_refused(other: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match="Leave one of them out"):
        Unique(keep_for=60, **other)


@pytest.mark.parametrize("value", [True, "customer_id", ["customer_id"]])
def test_unique_itself_must_be_a_unique(value: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"charge: unique=.*Unique\(by="):
        task(unique=value)(charge)


def test_using_is_checked_too() -> None:
    with pytest.raises(ImproperlyConfigured, match="customer_id"):
        task(charge).using(unique=Unique(by="customer"))


def test_the_context_is_no_argument_to_compare() -> None:
    with pytest.raises(ImproperlyConfigured, match="order"):
        task(takes_context=True, unique=Unique(by="context"))(ship)

    task(takes_context=True, unique=Unique(by="order"))(ship)


def test_arguments_that_do_not_fit_the_function_are_refused() -> None:
    with pytest.raises(TypeError, match=r"charge: missing .*customer_id"):
        lock()


def test_a_value_that_cannot_be_compared_is_refused() -> None:
    with pytest.raises(UnserializableArgument, match=r"compares the arguments .*customer_id"):
        lock({1, 2})


# --- which calls are the same --------------------------------------------------------------------


def test_names_positions_and_defaults_make_no_difference() -> None:
    assert len({digest(7), digest(customer_id=7), digest(7, 1), digest(7, amount=1, note="")}) == 1


def test_the_order_of_keys_makes_no_difference() -> None:
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})


def test_other_values_make_a_difference() -> None:
    assert len({digest(one) for one in (1, 1.0, True, "1", None, [1], {"1": 1}, Decimal(1))}) == 8


def test_dates_and_datetimes_are_told_apart() -> None:
    values = [date(2026, 1, 2), datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02", timedelta(1)]

    assert len(set(map(digest, values))) == len(values)


def test_other_tasks_are_other_jobs() -> None:
    assert digest(7) != digest(7, of=refund)


def test_only_the_named_parameters_are_compared() -> None:
    by_customer = Unique(by=["customer_id"])

    assert digest(7, 1, unique=by_customer) == digest(7, 2, unique=by_customer)
    assert digest(7, 1, unique=by_customer) != digest(8, 1, unique=by_customer)


def test_the_order_of_names_makes_no_difference() -> None:
    one, other = Unique(by=["customer_id", "amount"]), Unique(by=("amount", "customer_id"))

    assert one == other
    assert digest(7, unique=one) == digest(7, unique=other)


def test_without_any_parameter_there_is_one_job_of_the_task() -> None:
    assert digest(7, unique=Unique(by=[])) == digest(8, unique=Unique(by=[]))


def test_arguments_without_names_are_compared_as_well() -> None:
    assert digest(1, 2, of=gather) != digest(2, 1, of=gather)
    assert digest(of=gather, a=1) != digest(of=gather, a=2)


def test_an_argument_that_a_function_collects_may_be_named() -> None:
    by_colour = Unique(by="colour")

    assert digest(1, colour="red", unique=by_colour, of=gather) == digest(
        2, colour="red", unique=by_colour, of=gather
    )
    with pytest.raises(TypeError, match=r"gather: Unique\.by: the call has no argument 'colour'"):
        digest(1, unique=by_colour, of=gather)


def test_values_within_an_argument_may_be_named() -> None:
    by_order = Unique(by=["customer_id.order", "amount"])

    assert digest({"order": 1, "at": 1}, unique=by_order) == digest(
        {"order": 1, "at": 2}, unique=by_order
    )
    assert digest({"order": 1}, unique=by_order) != digest({"order": 2}, unique=by_order)
    with pytest.raises(UnserializableArgument, match="leads to nothing"):
        digest({"at": 1}, unique=by_order)


def test_a_function_may_make_what_is_compared() -> None:
    by_parity = Unique(by=lambda customer_id, **_: (customer_id % 2, "parity"))

    assert digest(1, unique=by_parity) == digest(3, unique=by_parity)
    assert digest(1, unique=by_parity) != digest(2, unique=by_parity)


def test_a_model_instance_is_its_primary_key() -> None:
    one, same, other = Author(pk=1, name="Ann"), Author(pk=1, name="Anna"), Author(pk=2)
    for author in (one, same, other):
        author._state.adding = False  # noqa: SLF001
    same._state.db = "replica"  # noqa: SLF001

    assert digest(one) == digest(same) != digest(other)
    assert digest(one) != digest(1)


def test_a_dict_that_looks_like_an_instance_is_none() -> None:
    author = Author(pk=1)
    author._state.adding = False  # noqa: SLF001

    assert digest(author) != digest({"$model": ["library.author", 1, "default"]})


@pytest.mark.parametrize("content", [5, None, {"a": 1}, ["library.author", 1, "default"]])
@pytest.mark.parametrize("tag", ["$model", "$dict"])
def test_a_dict_whose_key_looks_like_a_tag_is_compared_whole(tag: str, content: object) -> None:
    values: list[Any] = [{tag: content}, [{tag: content}], {"$dict": {tag: content}}, {tag: [1]}]

    assert len(set(map(digest, values))) == len(values)


def test_only_the_databases_of_instances_make_no_difference() -> None:
    author, same = Author(pk=1), Author(pk=1)
    for one in (author, same):
        one._state.adding = False  # noqa: SLF001
    same._state.db = "replica"  # noqa: SLF001

    assert digest({"$x": [author]}) == digest({"$x": [same]})
    by_default, by_replica = (
        {"$model": ["library.author", 1, database]} for database in ("default", "replica")
    )
    assert digest(by_default) != digest(by_replica)


def test_the_lock_says_what_the_option_says() -> None:
    kept = Unique(keep_for=timedelta(minutes=1), on_conflict="raise")

    assert lock(7, unique=kept)._replace(digest="") == Lock(
        "", Until.END, 60_000, OnConflict.RAISE, after_commit=False
    )
