"""Converts arguments and results to JSON text and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NoReturn, TypeAlias

from django_jobs.errors import BrokenPayload, UnusableResult
from django_jobs.serialization import types as tags
from django_jobs.serialization.encode import (
    JSON_SCALARS,
    MAX_DEPTH,
    mapping_to_json_tree,
    to_json_tree,
)
from django_jobs.serialization.models import ModelReference
from django_jobs.serialization.results import ResultReference
from django_jobs.serialization.room import LARGEST, Room
from django_jobs.serialization.writing import find_offender, write

# Turns a reference into what it stands for where the task runs, or keeps it to be shown.
Resolve = Callable[[ModelReference | ResultReference], Any]
ReadResults: TypeAlias = Callable[[Sequence[str]], Mapping[str, str]]
"""Returns the results of jobs as JSON texts, by their ids."""


def no_results(ids: Sequence[str]) -> NoReturn:
    """Refuse to read results, where no broker keeps them."""
    raise UnusableResult(f"The results of {len(ids)} other jobs cannot be read here.")


_TAGS = {tag.name: tag for tag in tags.TAGS}
_RETURNED = "return value"
_RESULT = f'"{tags.RESULT}"'


def dump_arguments(args: tuple[Any, ...], kwargs: Mapping[str, Any], largest: int = LARGEST) -> str:
    """Return the JSON text of a call's arguments.

    JSON values are kept (tuples become lists, keys become text). datetime, date, time, timedelta,
    Decimal and UUID keep their types; saved model instances are fetched again when the job runs.
    An aware datetime keeps its offset, but not the name of its zone, and not `fold`.

    Args:
        largest: how many bytes are written; a longer text may be returned all the same.

    Raises:
        UnserializableArgument: the message has the path of the value that cannot be written.
        OutOfRoom: the text would surely be longer.
    """
    tree: tuple[Any, Any] = (args, kwargs)
    if not (type(kwargs) is dict and _are_as_is(args) and _are_as_is(kwargs.values())):
        room = Room(largest)
        tree = (
            to_json_tree(args, ("args",), room),
            mapping_to_json_tree(kwargs, ("kwargs",), room),
        )
    try:
        return write(tree)
    except ValueError as error:
        raise find_offender({"args": tree[0], "kwargs": tree[1]}) from error


def _are_as_is(values: Iterable[Any]) -> bool:
    for value in values:  # noqa: SIM110 - all() takes several times as long for the few there are
        if type(value) not in JSON_SCALARS:
            return False
    return True


def dump_value(value: Any, largest: int = LARGEST) -> str:
    """Return the JSON text of a return value, by the same rules as for arguments."""
    if value is None:
        return "null"
    tree = to_json_tree(value, (_RETURNED,), Room(largest))
    try:
        return write(tree)
    except ValueError as error:
        raise find_offender({_RETURNED: tree}) from error


def load_arguments(
    text: str, read_results: ReadResults = no_results
) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments in a text, with model instances and results read where they are.

    Raises:
        BrokenPayload: `dump_arguments` did not write the text.
        UnknownModel: no installed app has the model of an instance.
        MissingRecord: the row of an instance was deleted.
        UnusableResult: the result of another job cannot be read any more, or is too large.
    """
    if not has_results(text):
        return _arguments(text, _fetch)
    ids = _noted(partial(_arguments, text))
    return _arguments(text, _with_results(read_results(ids) if ids else {}))


def _with_results(texts: Mapping[str, str]) -> Resolve:
    """Return what fetches references, also those in the results of other jobs."""
    depth = 0

    def fetch(reference: ModelReference | ResultReference) -> Any:
        nonlocal depth
        if not isinstance(reference, ResultReference):
            return reference.fetch()
        if depth >= MAX_DEPTH:
            raise UnusableResult(
                f"The result of the job {reference.job_id} holds those of others, more than"
                f" {MAX_DEPTH} levels deep. Store the data and return its key."
            )
        depth += 1
        try:
            return _value(texts[reference.job_id], fetch)
        finally:
            depth -= 1

    return fetch


def has_results(text: str) -> bool:
    """Return whether a text may hold results of other jobs."""
    return _RESULT in text


def results_in(text: str) -> list[str]:
    """Return the ids of the jobs whose results a result holds, each once.

    Raises:
        BrokenPayload: the text is none that we write.
    """
    return _noted(partial(_value, text)) if has_results(text) else []


def _noted(read: Callable[[Resolve], Any]) -> list[str]:
    """Return the ids of the jobs whose results a payload holds, each once."""
    found: dict[str, None] = {}

    def note(reference: ModelReference | ResultReference) -> None:
        if isinstance(reference, ResultReference):
            found[reference.job_id] = None

    read(note)
    return list(found)


def load_value(text: str) -> Any:
    """Return the value in a text; raises the same errors as `load_arguments`."""
    return _value(text, _fetch)


def peek_arguments(text: str) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments in a text, with a `ModelReference` instead of each model instance.

    Raises:
        BrokenPayload: `dump_arguments` did not write the text.
    """
    return _arguments(text, _stay)


def peek_value(text: str) -> Any:
    """Return the value in a text as `peek_arguments` does; raises the same errors."""
    return _value(text, _stay)


def _stay(reference: ModelReference | ResultReference) -> ModelReference | ResultReference:
    return reference


def _fetch(reference: ModelReference | ResultReference) -> Any:
    if isinstance(reference, ResultReference):
        raise BrokenPayload("The stored payload refers to the result of a job where none may be.")
    return reference.fetch()


# --- reading -----------------------------------------------------------------------------------


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_decoder = json.JSONDecoder(parse_constant=_refuse_constant)


def _read(text: str) -> Any:
    try:
        value, end = _decoder.raw_decode(text)
    except ValueError as error:
        raise BrokenPayload(f"The stored payload is not JSON: {error}.") from error
    except RecursionError as error:
        raise BrokenPayload(_too_deep()) from error
    if end != len(text):
        raise BrokenPayload(f"The stored payload has more than JSON, from character {end}.")
    return value


def _has_no_tags(text: str) -> bool:
    """Return whether a cheap check rules out tags, surrogates and deep nesting in a JSON text.

    We write no letter as an escape; an escape may hide a tag or a surrogate.
    """
    return '"$' not in text and "\\u" not in text and text.count("[") + text.count("{") <= MAX_DEPTH


def _arguments(text: str, resolve: Resolve) -> tuple[list[Any], dict[str, Any]]:
    match _read(text):
        case [list(args), dict(kwargs)]:
            pass
        case _:
            raise BrokenPayload("The stored payload is not a list of arguments and keywords.")
    if _has_no_tags(text):
        return args, kwargs
    return _items(args, resolve, 1), _members(kwargs, resolve, 1)


def _value(text: str, resolve: Resolve) -> Any:
    value = _read(text)
    return value if _has_no_tags(text) else _restored(value, resolve, 1)


def _restored(value: Any, resolve: Resolve, depth: int) -> Any:
    if isinstance(value, str):
        return _check_text(value)
    if not isinstance(value, list | dict):
        return value
    if depth > MAX_DEPTH:
        raise BrokenPayload(_too_deep())
    if isinstance(value, list):
        return _items(value, resolve, depth)
    if len(value) == 1 and (tag := next(iter(value))).startswith("$"):
        return _untagged(tag, value[tag], resolve, depth)
    return _members(value, resolve, depth)


def _items(items: list[Any], resolve: Resolve, depth: int) -> list[Any]:
    return [_restored(item, resolve, depth + 1) for item in items]


def _members(members: dict[str, Any], resolve: Resolve, depth: int) -> dict[str, Any]:
    return {_check_text(key): _restored(item, resolve, depth + 1) for key, item in members.items()}


def _untagged(name: str, content: Any, resolve: Resolve, depth: int) -> Any:
    match name, content:
        case (tags.ESCAPED_DICT, dict()):
            return _members(content, resolve, depth)
        case (tags.RESULT, str()):
            return resolve(ResultReference(content))
        case (tags.MODEL, [str(label), pk, str(using)]):
            key = _restored(pk, resolve, depth + 1)
            return resolve(ModelReference(label, tuple(key) if type(key) is list else key, using))
    if name not in _TAGS:
        raise BrokenPayload(f"The stored payload has an unknown or malformed {name[:50]!r}.")
    return _TAGS[name].restore(content)


def _check_text(text: str) -> str:
    """Return a text, or raise if it has surrogates, which UTF-8 cannot encode."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise BrokenPayload("The stored payload has surrogates in a text.") from error
    return text


def _too_deep() -> str:
    return f"The stored payload is nested deeper than {MAX_DEPTH} levels."
