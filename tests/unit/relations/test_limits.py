"""Limits are checked where they are written, and give each call its keys."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_jobs import Limit, Rate, task
from django_jobs.errors import UnserializableArgument
from django_jobs.jobs.limits import JobLimit, LimitKind, kind_and_name, limit_id, value_of
from django_jobs.serialization.arguments import dump_arguments
from django_jobs.tasks.limiting import LimitMaker
from django_jobs.tasks.redaction.names import WORDS


def ship(customer: Any, order: Any = None) -> None:
    """What the tasks of these tests would do."""


def bill(customer: Any) -> None:
    """Another one."""


def found(limits: Any, *args: Any, **kwargs: Any) -> tuple[JobLimit, ...]:
    arguments = dump_arguments(args, kwargs)
    return LimitMaker(task(limits=limits)(ship), WORDS).limits_of(args, kwargs, arguments)


def test_a_limit_without_by_has_one_key() -> None:
    (limit,) = found(Limit(5, name="one"), 7)
    assert (limit.name, limit.n, limit.per, limit.value) == ("one", 5, 0, "")


def test_by_names_what_is_counted_apart() -> None:
    (limit,) = found(Limit(5, by="customer"), 7)
    assert limit.value == "7"
    assert limit.name.endswith(".ship by customer")


def test_a_call_whose_key_is_none_is_not_limited() -> None:
    assert found(Limit(5, by="order"), 7) == ()


def test_several_limits_come_in_their_order() -> None:
    limits = [Rate(100, per=timedelta(minutes=1), name="api"), Limit(2, by="customer", name="c")]
    assert [(one.kind, one.n, one.per) for one in found(limits, 7)] == [
        (LimitKind.RATE, 100, 60_000),
        (LimitKind.LIMIT, 2, 0),
    ]


@pytest.mark.parametrize("value", ["a b:c/ü%", "", "x" * 200])
def test_a_key_is_a_text_without_spaces_that_can_be_read_again(value: str) -> None:
    key = JobLimit("a name: with %", 1, value=value).key
    assert " " not in key
    assert key.count(":") == 1
    assert value_of(key) == value
    assert kind_and_name(key.partition(":")[0]) == (LimitKind.LIMIT, "a name: with %")


def test_a_value_that_cannot_be_a_key_is_refused() -> None:
    with pytest.raises(UnserializableArgument, match=r"Limit: by: a list cannot be a key"):
        found(Limit(5, by="customer"), [7])


@pytest.mark.parametrize("n", [0, -1, 1.5, True, "5", None, 10**9, 10**400, float("nan"), [5]])
def test_a_number_that_cannot_be_is_refused(n: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"Limit\(.*give a whole number from 1"):
        Limit(n)
    with pytest.raises(ImproperlyConfigured, match=r"Rate\(.*give a whole number from 1"):
        Rate(n, per=60)


@pytest.mark.parametrize("per", [0, -1, None, "60", timedelta(0), float("nan")])
def test_a_period_that_cannot_be_is_refused(per: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"Rate\(per=.*give seconds or a timedelta"):
        Rate(5, per=per)


def test_a_whole_number_may_be_written_as_a_float() -> None:
    (limit,) = found([Limit(5.0, name="float")])  # type: ignore[arg-type]
    assert repr(limit.n) == "5"


@pytest.mark.parametrize("name", ["", " ", 7, "x" * 101, "\ud800"])
def test_a_name_that_cannot_be_is_refused(name: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"Limit\(name="):
        Limit(5, name=name)


def test_a_by_that_names_no_parameter_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="Did you mean 'customer'"):
        task(limits=Limit(5, by="custommer"))(ship)


@pytest.mark.parametrize("limits", [5, "5", [5], [Limit(1, name="good"), None]])
def test_what_is_no_limit_is_refused(limits: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"give a django_jobs\.Limit or"):
        task(limits=limits)(ship)


def test_too_many_limits_are_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="give 8 limits at most"):
        task(limits=[Limit(1, name=str(number)) for number in range(9)])(ship)


def test_two_limits_of_one_kind_need_names() -> None:
    with pytest.raises(ImproperlyConfigured, match="Give one of them a name"):
        task(limits=[Limit(5, by=lambda customer: customer), Limit(6)])(ship)


def test_tasks_that_share_a_name_share_its_number() -> None:
    task(limits=Limit(5, name="shared"))(ship)
    task(limits=Limit(5, name="shared"))(bill)
    with pytest.raises(ImproperlyConfigured, match=r"'shared' is 6 here and 5 in .*\.ship"):
        task(limits=Limit(6, name="shared"))(bill)


def test_a_call_may_have_other_limits_but_no_other_number() -> None:
    declared = task(limits=Limit(5, name="per call"))(ship)
    assert declared.using(limits=None).limits == ()
    assert declared.using(limits=[Limit(3, name="another")]).limits[0].n == 3
    with pytest.raises(ImproperlyConfigured, match="'per call' is 4 here and 5 in"):
        declared.using(limits=Limit(4, name="per call"))


def test_an_id_has_no_spaces_and_no_colons() -> None:
    assert limit_id(LimitKind.RATE, "a: b") == "ra%3A%20b"
