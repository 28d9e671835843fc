"""Redacts jobs: masks secrets in arguments, metadata, results, errors and progress."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django_jobs.jobs.batches import BatchRecord
from django_jobs.jobs.limits import JobLimit
from django_jobs.jobs.records import MESSAGE_LIMIT, TRACEBACK_LIMIT, Failure, JobRecord
from django_jobs.serialization import types as tags

from .names import MASK, WORDS, SecretNames
from .parameters import Parameters, parameters_of
from .values import HiddenValues


class Redactor:
    """Masks values with names of secrets, and the same values wherever else they occur.

    Make a new one for each request: it caches the parameters of tasks.

    Args:
        words: see `SecretNames`.
    """

    def __init__(self, words: tuple[str, ...] = WORDS) -> None:
        self._names = SecretNames(words)
        self._known: dict[str, Parameters] = {}

    def record(self, record: JobRecord) -> JobRecord:
        """Return a job record without secrets.

        Values masked in the arguments are masked in metadata, result, errors and progress, too.
        """
        hiding = self._hiding(record.job.task)
        arguments = hiding.call(record.job.arguments)
        progress, turn = record.progress, record.job.turn
        return replace(
            record,
            job=record.job._replace(
                arguments=arguments,
                metadata=record.job.metadata and hiding.value(record.job.metadata),
                turn=turn and turn._replace(key=hiding.text(turn.key)),
                limits=tuple(map(hiding.limit, record.job.limits)),
            ),
            waits_for=hiding.limit(record.waits_for)
            if isinstance(record.waits_for, JobLimit)
            else record.waits_for,
            result=None if record.result is None else hiding.value(record.result),
            failures=tuple(map(hiding.failure, record.failures)),
            postponement=record.postponement
            and record.postponement._replace(failure=hiding.failure(record.postponement.failure)),
            limit_reached=record.limit_reached and hiding.failure(record.limit_reached),
            progress=progress and replace(progress, text=hiding.text(progress.text)),
        )

    def arguments(self, task: str, text: str) -> str:
        """Return the JSON text of a call without secrets.

        Positional arguments have the names of the task's parameters. Arguments without a known
        name are masked: all of them, if the task cannot be found.

        Args:
            task: dotted path of the task.
            text: the JSON text in the job.
        """
        return self._hiding(task).call(text)

    def text(self, text: str) -> str:
        """Return a text without the secrets that it marks as such, as in a URL."""
        return self._names.hide_in(text)

    def hides_in_call(self, value: str, task: str, text: str) -> bool:
        """Return whether a value has something in it that is hidden in a call.

        Args:
            task: dotted path of the task.
            text: the JSON text of the call.
        """
        hiding = self._hiding(task)
        hiding.call(text)
        quoted = f"'{value}'"  # between quotes, short values are found, too
        return hiding.text(quoted) != quoted

    def batch(self, batch: BatchRecord) -> BatchRecord:
        """Return a batch without secrets in its name and metadata."""
        metadata = batch.metadata and _Hiding(self._names, Parameters()).value(batch.metadata)
        return replace(batch, name=self.text(batch.name), metadata=metadata)

    def _hiding(self, task: str) -> _Hiding:
        """Return a masker for one job; parameters are cached, as a failed lookup is slow."""
        if task not in self._known:
            self._known[task] = parameters_of(task)
        return _Hiding(self._names, self._known[task])


@dataclass(frozen=True, slots=True)
class _Hiding:
    """Masks the secrets of one job, first those of its call, as these also occur elsewhere."""

    names: SecretNames
    parameters: Parameters
    values: HiddenValues = field(default_factory=HiddenValues)

    def call(self, text: str) -> str:
        return self._shown(text, self._call)

    def value(self, text: str) -> str:
        return self._shown(text, self._masked)

    def text(self, text: str) -> str:
        # Values first: if a name masked a part of a value, the rest would not be found.
        return self.names.hide_in(self.values.hide_in(text))

    def limit(self, limit: JobLimit) -> JobLimit:
        return limit._replace(value=self.text(limit.value))

    def failure(self, failure: Failure) -> Failure:
        message, traceback = failure.message, failure.traceback
        if len(message) >= MESSAGE_LIMIT:
            message = self.values.hide_at_cut_end(message)
        if len(traceback) >= TRACEBACK_LIMIT:
            traceback = self.values.hide_at_cut_start(traceback)
        traceback = self.names.hide_in(self.values.hide_in_traceback(traceback))
        return replace(failure, message=self.text(message), traceback=traceback)

    def _shown(self, text: str, mask: Callable[[Any], Any]) -> str:
        try:
            tree = json.loads(text)
        except (ValueError, RecursionError):
            return self._broken(text)
        try:
            return _json(self._cleaned(mask(tree)))
        except _NoCall:
            return self._broken(text)
        except RecursionError:
            return MASK

    def _broken(self, text: str) -> str:
        """Return an unreadable text, masked if it names a secret."""
        return MASK if self.names.has(text) else self.names.hide_in(text)

    def _call(self, tree: Any) -> Any:
        match tree:
            case [list(args), dict(kwargs)]:
                pass
            case _:
                raise _NoCall
        named = [(self.parameters.name_of(index), value) for index, value in enumerate(args)]
        return [
            [self._argument(name, value) for name, value in named],
            {
                name: self._argument(name if self.parameters.knows(name) else None, value)
                for name, value in kwargs.items()
            },
        ]

    def _argument(self, name: str | None, value: Any) -> Any:
        if name is None or self.names.has(name):
            return self.values.take(value)
        for path in self.parameters.hidden:
            first, *rest = path.split(".")
            if first == name:
                value = self._masked_at(value, rest)
        return self._masked(value)

    def _masked(self, tree: Any) -> Any:
        """Mask values with names of secrets."""
        match tree:
            case dict():
                return {
                    key: self.values.take(value) if self.names.has(key) else self._masked(value)
                    for key, value in tree.items()
                }
            case list():
                return [self._masked(item) for item in tree]
        return tree

    def _masked_at(self, tree: Any, path: Sequence[str]) -> Any:
        """Mask the value at a path, in every item of lists on the way."""
        if not path:
            return self.values.take(tree)
        match tree:
            case {tags.ESCAPED_DICT: dict() as inner} if len(tree) == 1:
                return {tags.ESCAPED_DICT: self._masked_at(inner, path)}
            case dict() if path[0] in tree:
                return {**tree, path[0]: self._masked_at(tree[path[0]], path[1:])}
            case list():
                return [self._masked_at(item, path) for item in tree]
        return tree

    def _cleaned(self, tree: Any) -> Any:
        """Mask values that were masked before, and secrets that texts mark as such."""
        match tree:
            case str():
                return self.text(tree)
            case int() | float() if not isinstance(tree, bool):
                return tree if self.values.hide_in(str(tree)) == str(tree) else MASK
            case list():
                return [self._cleaned(item) for item in tree]
            case dict():
                cleaned = {self.text(key): self._cleaned(value) for key, value in tree.items()}
                return cleaned if cleaned == tree or not _is_tagged(tree) else MASK
        return tree


class _NoCall(Exception):
    """The stored arguments are JSON, but not a call."""


def _is_tagged(tree: dict[str, Any]) -> bool:
    """Return whether a dict encodes one value, so that masking a part would break it."""
    return len(tree) == 1 and next(iter(tree)).startswith("$") and tags.ESCAPED_DICT not in tree


def _json(tree: Any) -> str:
    """Return JSON text as `arguments` writes it, but with lone surrogates escaped."""
    text = json.dumps(tree, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(tree, separators=(",", ":"))
    return text
