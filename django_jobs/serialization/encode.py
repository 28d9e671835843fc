"""Converts values to trees of JSON types, or says why a value cannot be converted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from enum import Enum
from functools import partial, singledispatch
from io import IOBase
from types import NoneType
from typing import Any

from django.core.files import File
from django.db.models import Model, QuerySet
from django.utils.functional import LazyObject, Promise

from django_jobs.errors import UnserializableArgument
from django_jobs.serialization.models import ModelReference
from django_jobs.serialization.results import ResultReference, ResultSource
from django_jobs.serialization.room import LONG_TEXT, Room
from django_jobs.serialization.types import ESCAPED_DICT, MODEL, RESULT, TAGS, TypeTag

# The path to a value from the root: ("args", 0, "items", 3) is args[0]['items'][3].
Path = tuple[Any, ...]

JSON_SCALARS = frozenset({str, int, float, bool, NoneType})
MAX_DEPTH = 100

_REMEDIES: tuple[tuple[Any, str], ...] = (
    (Promise, "its language is chosen when it is shown. Translate it in the task, or pass str()."),
    (QuerySet, "pass the keys, for instance list(queryset.values_list('pk', flat=True))."),
    ((File, IOBase), "save it to a storage and pass its name."),
    ((Set, Iterator), "pass a list of it."),
    (bytes, "it is not UTF-8. Pass it as base64 text."),
    (Enum, "pass its value."),
    (float, "JSON has neither NaN nor infinity. Pass None or text."),
    (int, "it has more digits than Python turns into text. Pass hex() of it."),
    (str, "it holds surrogates, which are no characters. Clean it where it is read."),
    (
        ResultSource,
        "only Workflow.add() takes it: it stands for the result of a job, or for its end.",
    ),
    (Callable, "pass plain values that tell the task what to call."),
)
_REMEDY = "pass plain values, or an id by which the task finds it again."


def to_json_tree(value: Any, path: Path, room: Room) -> Any:
    """Return a value as a JSON tree.

    Numbers and texts are not checked: writing the tree fails if JSON cannot represent them.

    Args:
        path: of the value, for the message.
        room: for all values of the tree together.

    Raises:
        UnserializableArgument: the value, or a value in it, cannot be converted.
        OutOfRoom: it is too large.
    """
    kind = type(value)
    if kind in JSON_SCALARS:
        if kind is str and len(value) > LONG_TEXT:
            room.take(len(value))
        return value
    if len(path) > MAX_DEPTH:
        raise not_serializable(
            value, path, f"it is nested deeper than {MAX_DEPTH} levels, or contains itself."
        )
    # Not `_form(value)`, which would use the class that a lazy object pretends to have.
    return _form.dispatch(kind)(value, path, room)


def mapping_to_json_tree(mapping: Mapping[Any, Any], path: Path, room: Room) -> dict[str, Any]:
    """Return a mapping as a JSON tree, even if it looks like a type tag."""
    found = {
        _key(key, path, room): to_json_tree(value, (*path, key), room)
        for key, value in room.each(mapping.items())
    }
    if len(found) < len(mapping):
        raise not_serializable(mapping, path, "two of its keys are the same text in JSON.")
    return found


def not_serializable(value: object, path: Path, remedy: str = "") -> UnserializableArgument:
    """Return the error for a value that cannot travel, with its path and the remedy."""
    kind = type(value)
    name = kind.__qualname__
    if kind.__module__ != "builtins":
        name = f"{kind.__module__}.{name}"
    if not remedy:
        remedy = next((text for types, text in _REMEDIES if isinstance(value, types)), _REMEDY)
    return UnserializableArgument(f"{_written(path)} ({name}) cannot travel in a job: {remedy}")


def _written(path: Path) -> str:
    root, *keys = path
    steps = [f"[{key!r:.60}]" for key in keys]
    if len(steps) > 10:
        steps[10:] = ["…"]
    return f"{root}{''.join(steps)}"


def _key(key: object, path: Path, room: Room) -> str:
    """Return a key as `json.dumps` writes it, or, for bytes, as Django normalizes it."""
    if isinstance(key, str):
        if len(key) > LONG_TEXT:
            room.take(len(key))
        return str.__str__(key)  # not str(key): of an enum that may be its name
    try:
        match key:
            case bytes():
                return key.decode()
            case int() | float() | None:
                return json.dumps(key, allow_nan=False)
    except ValueError as error:
        raise not_serializable(key, (*path, key)) from error
    raise not_serializable(key, (*path, key), "a key must be text, a number, a bool or None.")


@singledispatch
def _form(value: object, path: Path, room: Room) -> Any:
    raise not_serializable(value, path)


@_form.register(str)
@_form.register(int)
@_form.register(float)
def _scalar(value: Any, path: Path, room: Room) -> Any:
    """Return the value: the JSON encoder writes an IntEnum or a TextChoices as its plain value."""
    if isinstance(value, str):
        room.take(len(value))
    return value


@_form.register
def _bytes(value: bytes, path: Path, room: Room) -> str:
    room.take(len(value))
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise not_serializable(value, path) from error


@_form.register(Sequence)
def _sequence(value: Sequence[Any], path: Path, room: Room) -> list[Any]:
    items = enumerate(room.each(value))
    return [to_json_tree(item, (*path, index), room) for index, item in items]


@_form.register(Mapping)
def _mapping(value: Mapping[Any, Any], path: Path, room: Room) -> dict[str, Any]:
    found = mapping_to_json_tree(value, path, room)
    if len(found) == 1 and next(iter(found)).startswith("$"):
        return {ESCAPED_DICT: found}
    return found


@_form.register(LazyObject)
def _lazy(value: LazyObject[Any], path: Path, room: Room) -> Any:
    """Lazy objects such as `request.user` travel as the object behind them, as with pickle."""
    _, (behind,) = value.__reduce__()
    return to_json_tree(behind, path, room)


@_form.register
def _result(value: ResultReference, path: Path, room: Room) -> dict[str, Any]:
    return {RESULT: value.job_id}


@_form.register
def _reference(value: ModelReference, path: Path, room: Room) -> dict[str, Any]:
    return {MODEL: [value.label, to_json_tree(value.pk, (*path, "pk"), room), value.using]}


@_form.register
def _model(value: Model, path: Path, room: Room) -> dict[str, Any]:
    try:
        reference = ModelReference.to(value)
    except ValueError as error:
        raise not_serializable(value, path, str(error)) from error
    return _reference(reference, path, room)


def _tagged(tag: TypeTag, value: Any, path: Path, room: Room) -> dict[str, Any]:
    try:
        return {tag.name: tag.dump(value)}
    except ValueError as error:
        raise not_serializable(value, path, str(error)) from error


for _tag in TAGS:
    _form.register(_tag.type, partial(_tagged, _tag))
