"""Makes the keys of calls, by which jobs take turns or are counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from django_jobs.relations.call_keys import hashed, key_of
from django_jobs.relations.named_values import By, paths_of, values_of
from django_jobs.tasks.redaction.names import SecretNames
from django_jobs.tasks.redaction.redactor import Redactor

if TYPE_CHECKING:
    from django_jobs.tasks.definition import AnyJobTask


class KeyMaker:
    """Makes the keys of the calls of one task.

    Args:
        where: the task and the option, for messages.
        by: what the key is made of.
        words: parts of names of secrets.
    """

    def __init__(self, task: AnyJobTask, where: str, by: By, words: tuple[str, ...]) -> None:
        self._task = task
        self._where = where
        self._by = by
        self._redactor = Redactor(words)
        self._is_secret = _names_secret(paths_of(by), task.redact, words)

    def key_of(self, args: Sequence[Any], kwargs: Mapping[str, Any], arguments: str) -> str | None:
        """Return the key of a call, None if all of its values are None.

        Keys stand in pages and in the store, so one with something secret in it is hashed.

        Args:
            arguments: the same as JSON text.

        Raises:
            UnserializableArgument: a value cannot be a part of a key, or there is none.
            TypeError: an argument is missing.
        """
        task = self._task
        values = values_of(
            *(self._where, self._by, task.func, args, kwargs), has_context=task.takes_context
        )
        key = key_of(self._where, values)
        if key and (self._is_secret or self._tells_secret(key, arguments)):
            return hashed(key)
        return key

    def _tells_secret(self, key: str, arguments: str) -> bool:
        if callable(self._by):  # nobody knows of which arguments it makes the key
            return self._redactor.hides_in_call(key, self._task.module_path, arguments)
        return self._redactor.text(key) != key


@cache
def _names_secret(
    paths: tuple[str, ...], redacted: tuple[str, ...], words: tuple[str, ...]
) -> bool:
    """Return whether the value at a path is hidden: by its name, or as a part of what is."""
    return any(_is_secret(path, redacted, SecretNames(words)) for path in paths)


def _is_secret(path: str, redacted: tuple[str, ...], names: SecretNames) -> bool:
    parts = path.split(".")
    steps = {".".join(parts[: length + 1]) for length in range(len(parts))}
    within = any(hidden.startswith(f"{path}.") for hidden in redacted)
    return within or not steps.isdisjoint(redacted) or any(map(names.has, parts))
