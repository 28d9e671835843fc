"""Errors that no task should raise, and what they may hold."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, NoReturn

from django_jobs import errors
from django_jobs.errors import Discard, Fail, LimitReached, RetryLater


class LeavingError(BaseException):
    """What the code of hostile values raises: neither an `Exception` nor one of Python's own."""


def leave(*_: object, **__: object) -> NoReturn:
    raise LeavingError("no way")


def evil(base: type, *names: str, raising: Callable[..., Any] = leave) -> type:
    """Return a subclass some of whose special methods raise."""
    return type(f"Evil{base.__name__.title()}", (base,), dict.fromkeys(names, raising))


EvilFloat = evil(float, "__float__", "__le__", "__ge__", "__lt__", "__gt__", "__str__", "__repr__")
EvilInt = evil(int, "__float__", "__int__", "__index__", "__le__", "__ge__", "__repr__", "__str__")
EvilText = evil(str, "__str__", "__repr__", "encode", "__bool__", "__len__", "__format__")
EvilSpan = evil(timedelta, "total_seconds", "__str__", "__repr__")
EvilMoment = evil(datetime, "timestamp", "utcoffset", "__sub__", "__str__", "isoformat")
Unspeakable = evil(object, "__str__", "__repr__", "__bool__", "__eq__", "__format__")


class Pretender:
    """An object that says that it is of no class."""

    @property
    def __class__(self) -> type:
        leave()

    @__class__.setter
    def __class__(self, _: type) -> None:
        leave()


VALUES: dict[str, Any] = {
    "nan": float("nan"),
    "inf": float("inf"),
    "-inf": float("-inf"),
    "negative": -1,
    "zero": 0,
    "huge": 10**400,
    "a million years": 3.2e13,
    "true": True,
    "none": None,
    "bytes": b"\xff\x00",
    "text": "soon",
    "empty text": "",
    "surrogate": "\ud800",
    "nul": "a\x00b\r\n\x1b[31m",
    "long": "x" * 300_000,
    "list": [[1, {2}]],
    "class": int,
    "lambda": leave,
    "complex": 1j,
    "signalling": Decimal("sNaN"),
    "fraction": Fraction(10**400, 3),
    "longest": timedelta.max,
    "shortest": timedelta.min,
    "naive": datetime(2000, 1, 1),  # noqa: DTZ001
    "last": datetime.max.replace(tzinfo=UTC),
    "first": datetime.min.replace(tzinfo=UTC),
    "evil float": EvilFloat(1),
    "evil int": EvilInt(1),
    "evil text": EvilText("x"),
    "evil span": EvilSpan(1),
    "evil moment": EvilMoment(2000, 1, 1, tzinfo=UTC),
    "unspeakable": Unspeakable(),
    "pretender": Pretender(),
}

CHOICES: tuple[Callable[[Any], BaseException], ...] = (
    RetryLater,
    LimitReached,
    lambda value: LimitReached(30, limit=value),
    ValueError,
)
"""Make an error of a value that says when its job runs again, or which limit closes."""

OTHERS: tuple[Callable[[Any], BaseException], ...] = (
    lambda value: LimitReached(30, reason=value),
    lambda value: RetryLater(30, reason=value),
    Fail,
    Discard,
    KeyError,
    lambda value: (
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x") if value is None else OSError(value)
    ),
    lambda value: noted(ValueError("noted"), value),
    lambda value: with_attributes(SyntaxError("x"), filename=value, text=value, lineno=value),
    lambda value: with_attributes(LimitReached(5), retry_after=value, limit=value),
    lambda value: with_attributes(type("Odd", (Exception,), {})(), args=()),
    lambda value: type("Odd", (Exception,), {"__module__": value})("x"),
)
"""Make an error of a value that only describes it."""


def noted(error: BaseException, value: Any) -> BaseException:
    error.__dict__["__notes__"] = value
    return error


def with_attributes(error: BaseException, **values: Any) -> BaseException:
    for name, value in values.items():
        try:
            setattr(error, name, value)
        except (TypeError, ValueError):
            continue
    return error


def _of(name: str, *bases: type, **members: Any) -> BaseException:
    kind: Any = type(name, bases or (Exception,), members)
    error: BaseException = kind.__new__(kind)
    return error


def _raising(name: str, *bases: type) -> BaseException:
    return _of("Raising", *bases, **{name: property(leave, leave)})


class Nameless(type):
    """The class of classes that say nothing about themselves."""

    def __getattribute__(cls, name: str) -> Any:
        if name in {"__module__", "__qualname__", "__name__", "__mro__"}:
            leave()
        return super().__getattribute__(name)


def of_nameless_class() -> BaseException:
    error: BaseException = Nameless("Error", (Exception,), {})()
    return error


def loop_of_causes() -> BaseException:
    first, second = ValueError("first"), KeyError("second")
    first.__cause__, second.__cause__ = second, first
    first.__context__ = second.__context__ = first
    return first


def chain_of_causes(length: int) -> BaseException:
    error: BaseException = ValueError("the first one")
    for _ in range(length):
        later = ValueError("a later one")
        later.__cause__, error = error, later
    return error


def nested_group(depth: int, error: BaseException) -> BaseException:
    for _ in range(depth):
        error = BaseExceptionGroup("group", [error])
    return error


def wide_group() -> BaseException:
    return ExceptionGroup("wide", [ValueError(str(number)) for number in range(5000)])


ERRORS: tuple[Callable[[], BaseException], ...] = (
    *(SystemExit, KeyboardInterrupt, GeneratorExit, StopIteration, StopAsyncIteration),
    *(asyncio.CancelledError, MemoryError, RecursionError, AssertionError, NotImplementedError),
    *(LeavingError, errors.TaskTimeout, errors.JobCancelled, errors.JobExpired, errors.WorkerLost),
    *(errors.BrokenPayload, errors.BrokerError, errors.BrokerUnavailable, errors.WrongKeyType),
    *(errors.QueueFull, errors.UnknownFormat, errors.JobsError, errors.InvalidSchedule),
    lambda: errors.TaskNotFound("x", "y"),
    lambda: errors.UnknownModel("x"),
    lambda: errors.MissingRecord("x", Unspeakable()),
    lambda: SystemExit(Unspeakable()),
    lambda: _of("Unspeakable", __str__=leave, __repr__=leave),
    lambda: _of("Wordless", __str__=lambda self: 5),
    lambda: _of("Surrogate", __str__=lambda self: "\ud800"),
    lambda: _of("Surrogate", __module__="\ud800", __qualname__="\udfff"),
    lambda: _of("Nameless", __module__=None),
    lambda: _of("Long", __module__="m" * 300_000, __qualname__="n" * 300_000),
    lambda: _of("Lines", __module__="a\nb", __qualname__="\x00\x1b"),
    lambda: _of("Falsy", __len__=lambda self: 0),
    lambda: _of("Evil", __bool__=leave, __len__=leave),
    lambda: _of("Evil", __eq__=leave, __hash__=leave),
    lambda: _of("Evil", __setattr__=leave, __reduce_ex__=leave),
    lambda: _of("Evil", __getattribute__=leave),
    *(
        lambda name=name: _raising(name)
        for name in (
            *("__class__", "__traceback__", "__cause__", "__context__", "__suppress_context__"),
            *("__notes__", "args", "__dict__", "when", "retry_after", "limit"),
        )
    ),
    lambda: _raising("when", RetryLater),
    lambda: _raising("retry_after", LimitReached),
    lambda: _raising("limit", LimitReached),
    *(
        lambda kind=kind: _of("Liar", __class__=property(lambda self: kind))
        for kind in (LimitReached, RetryLater, Fail, Discard, errors.JobCancelled, int, None, 5)
    ),
    of_nameless_class,
    loop_of_causes,
    lambda: chain_of_causes(3000),
    lambda: nested_group(20, ValueError("inside")),
    lambda: nested_group(3000, SystemExit("inside")),
    lambda: nested_group(3, RetryLater(10)),
    lambda: nested_group(1, _of("Unspeakable", __str__=leave, __repr__=leave)),
    wide_group,
)
"""Make an error."""


def all_errors() -> Iterator[Callable[[], BaseException]]:
    """Yield what makes each of the errors, also those of each value."""
    yield from ERRORS
    yield from _of_values((*CHOICES, *OTHERS))


def errors_that_choose() -> Iterator[Callable[[], BaseException]]:
    """Yield what makes the errors that say when their job runs again, or which limit closes."""
    yield from _of_values(CHOICES)


def _of_values(
    kinds: Iterable[Callable[[Any], BaseException]],
) -> Iterator[Callable[[], BaseException]]:
    for make in kinds:
        for value in VALUES.values():
            yield lambda make=make, value=value: make(value)  # type: ignore[misc]
