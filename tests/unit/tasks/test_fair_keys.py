"""The fair key of a call follows from its arguments, and what cannot be one is refused."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured

from django_jobs import task
from django_jobs.errors import UnserializableArgument
from django_jobs.jobs.records import Turn
from django_jobs.serialization.arguments import dump_arguments
from django_jobs.tasks.definition import AnyJobTask
from django_jobs.tasks.fairness import TurnMaker
from django_jobs.tasks.redaction.names import WORDS


def bill(customer: Any, /, order: Any = "none", *, region: Any = "eu") -> None:
    """What the tasks of these tests would do."""


def bill_any(*numbers: int, **options: Any) -> None:
    """A task that takes all arguments."""


def bill_also(customer: Any, /, **options: Any) -> None:
    """A task that may be called with an option of the same name as its parameter."""


def with_context(context: Any, customer: Any) -> None:
    """A task whose callers omit its first parameter."""


@task(fair_by=lambda order, **_: order["customer"], redact="order.card")
def pay(order: dict[str, Any], api_key: str = "") -> None:
    """A task whose redacted arguments can be told, as it is declared in a module."""


def turn_of(job_task: AnyJobTask, *args: Any, **kwargs: Any) -> Turn | None:
    try:
        arguments = dump_arguments(args, kwargs)
    except UnserializableArgument:
        arguments = ""
    return TurnMaker(job_task, WORDS).turn_of(args, kwargs, arguments)


def key(by: Any, *args: Any, func: Callable[..., Any] = bill, **kwargs: Any) -> str | None:
    options = {name: kwargs.pop(name) for name in ("redact", "takes_context") if name in kwargs}
    turn = turn_of(task(fair_by=by, **options)(func), *args, **kwargs)
    return turn and turn.key


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("customer", "7"),
        ("region", "eu"),
        ("order.total.currency", "EUR"),
        (["region", "customer"], '["eu", "7"]'),
    ],
)
def test_a_key_is_what_by_names(by: Any, expected: str) -> None:
    assert key(by, 7, {"total": {"currency": "EUR"}}) == expected


def test_a_key_may_be_what_a_function_of_the_arguments_returns() -> None:
    assert turn_of(pay, {"customer": 7, "card": "4000"}) == Turn("7")
    assert turn_of(pay, {"customer": (7, None)}) == Turn('["7", null]')


def test_a_value_may_come_by_position_by_name_or_as_the_default() -> None:
    assert key("order", 7, "a") == key("order", 7, order="a") == "a"
    assert key("order", 7) == "none"
    assert key("colour", func=bill_any, colour="red") == "red"
    assert key("customer", 7, func=with_context, takes_context=True) == "7"


def test_an_attribute_is_a_step_of_a_path() -> None:
    assert key("customer.pk", User(pk=3)) == "3"


@pytest.mark.parametrize("value", ["ä", 0, True, UUID(int=1)])
def test_plain_values_are_keys_as_they_are(value: Any) -> None:
    assert key("customer", value) == str(value)


def test_none_is_no_key() -> None:
    assert key("customer", None) is None
    assert key("customer", "") is None
    assert key(["customer", "order"], None, None) is None


def test_a_long_key_is_hashed() -> None:
    first, second = key("customer", "x" * 101), key("customer", "x" * 102)
    assert first
    assert first.startswith("#")
    assert len(first) < 40
    assert first != second
    assert key("customer", "x" * 100) == "x" * 100


@pytest.mark.parametrize("redact", ["order", "order.card", "order.card.number"])
def test_a_hidden_value_is_hashed(redact: str) -> None:
    found = key("order.card", 7, {"card": "4000"}, redact=[redact])
    assert found
    assert found.startswith("#")


def test_a_value_with_the_name_of_a_secret_is_hashed() -> None:
    found = key("api_key", func=bill_any, api_key="abc")
    assert found
    assert found.startswith("#")
    assert "abc" not in found


@pytest.mark.parametrize(
    "order",
    [
        {"customer": "4000", "card": "4000"},
        {"customer": "of 40004000", "card": "40004000"},
        {"customer": ("eu", 40), "card": 40},
        {"customer": "123", "pin": "123"},
        {"customer": "https://me:hidden@example.com/"},
    ],
)
def test_a_key_that_a_function_makes_of_a_hidden_value_is_hashed(order: Any) -> None:
    turn = turn_of(pay, order)
    assert turn
    assert re.fullmatch("#[0-9a-f]{24}", turn.key)


def test_a_password_in_a_url_is_hashed() -> None:
    assert key("customer", "https://example.com/") == "https://example.com/"
    found = key("customer", "https://me:hidden@example.com/")
    assert found
    assert found.startswith("#")


@pytest.mark.parametrize("value", [1.5, [1], {"a": 1}, b"x", object(), "\ud800"])
def test_other_values_are_refused(value: Any) -> None:
    with pytest.raises(UnserializableArgument, match=r"Task bill: fair_by: "):
        key("customer", value)


@pytest.mark.parametrize(
    ("by", "value"),
    [
        ("customer", ["hidden"]),
        ("customer", b"hidden"),
        ("customer", "hidden\ud800"),
        ("customer.card", {"pin": "hidden"}),
        ("customer.card.pin", {"card": "hidden"}),
    ],
)
def test_refusals_do_not_have_the_value(by: str, value: Any) -> None:
    with pytest.raises(UnserializableArgument) as caught:
        key(by, value)
    assert "hidden" not in "".join(traceback.format_exception_only(caught.value))
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_an_instance_is_refused_with_what_to_name() -> None:
    with pytest.raises(UnserializableArgument, match=r"a User is no plain value.*'customer\.pk'"):
        key("customer", User(pk=3))


def test_a_path_to_nothing_is_refused() -> None:
    with pytest.raises(UnserializableArgument, match=r"path 'order\.card' leads to nothing"):
        key("order.card", 7, {"total": 3})


def test_a_missing_argument_is_refused() -> None:
    with pytest.raises(TypeError, match=r"fair_by: the call has no argument 'customer'"):
        key("customer")


@pytest.mark.parametrize(
    ("by", "message"),
    [
        ("custommer", r"Unknown parameter 'custommer'\. Did you mean 'customer'\?"),
        ("order..card", "give the name of a parameter"),
        ("", "give the name of a parameter"),
        ([], "give the name of a parameter"),
        (7, "give the name of a parameter"),
        ([7], "give the name of a parameter"),
        (["customer", "colour"], "Unknown parameter 'colour'"),
        ({"customer", "region"}, "a set has no order. Give a list"),
        (frozenset({"customer"}), "a set has no order. Give a list"),
    ],
)
def test_what_names_no_parameter_is_refused_at_the_declaration(by: Any, message: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=message):
        task(fair_by=by)(bill)


@pytest.mark.parametrize("by", ["numbers", "options.colour"])
def test_what_collects_arguments_is_refused(by: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="collects other arguments"):
        task(fair_by=by)(bill_any)


def test_a_parameter_without_a_name_is_not_mistaken_for_an_option() -> None:
    assert key("customer", 7, func=bill_also, customer=8) == "7"


def test_the_context_is_no_parameter() -> None:
    with pytest.raises(ImproperlyConfigured, match="Unknown parameter 'context'"):
        task(fair_by="context", takes_context=True)(with_context)


def test_a_coroutine_function_is_refused() -> None:
    async def by(customer: Any) -> Any:
        return customer

    with pytest.raises(ImproperlyConfigured, match="must not be a coroutine function"):
        task(fair_by=by)(bill)


@pytest.mark.parametrize("weight", [0, 21, 1.5, "2", None])
def test_a_weight_out_of_range_is_refused(weight: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"fair_weight=.*a whole number from 1 to 20"):
        task(fair_by="customer", fair_weight=weight)(bill)
    with pytest.raises(ImproperlyConfigured, match=r"fair_weight=.*a whole number from 1 to 20"):
        task(fair_by="customer")(bill).using(fair_weight=weight)


def test_a_weight_needs_a_key() -> None:
    with pytest.raises(ImproperlyConfigured, match="needs fair_by"):
        task(bill).using(fair_weight=2)


def test_a_call_has_its_own_weight() -> None:
    declared = task(fair_by="customer", fair_weight=3)(bill)
    assert turn_of(declared, 7) == Turn("7", 3)
    assert turn_of(declared.using(fair_weight=5), 7) == Turn("7", 5)
