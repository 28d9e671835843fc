"""The context that a task may take: Django's own, with the job's metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from django_jobs.compat import TaskContext
from django_jobs.jobs import foreign_names
from django_jobs.jobs.metadata import RunningMetadata
from django_jobs.jobs.result import JobResult

if TYPE_CHECKING:
    # Django's own is generic for type checkers only.
    Base = TaskContext[..., Any]
else:
    Base = TaskContext


class MetadataKeeper(Protocol):
    """An attempt, which reads its job's metadata when they are first used."""

    @property
    def metadata(self) -> RunningMetadata: ...


class JobContext(Base):
    """Django's `TaskContext`, with `metadata`.

    Args:
        task_result: the running job.
        keeper: the attempt.
    """

    __slots__ = ("_keeper",)

    task_result: JobResult[Any]
    _keeper: MetadataKeeper

    if TYPE_CHECKING:

        @property
        def attempt(self) -> int: ...

    def __init__(self, task_result: JobResult[Any], keeper: MetadataKeeper) -> None:
        super().__init__(task_result=task_result)
        object.__setattr__(self, "_keeper", keeper)

    @property
    def metadata(self) -> dict[str, Any]:
        """The job's metadata without reserved keys, as a dict that the task may change.

        Changes are stored when the attempt ends, even if it fails; `save_metadata` stores them
        sooner.
        """
        return self._keeper.metadata.values

    @property
    def metadata_modified(self) -> bool:
        """Whether `metadata` was changed since it was last saved."""
        return self._keeper.metadata.is_modified

    def save_metadata(self) -> None:
        """Store the current metadata, with the worker's next heartbeat at the latest.

        Raises:
            UnusableMetadata: a value is not a JSON value, or the metadata is too large.
        """
        self._keeper.metadata.save()

    async def asave_metadata(self) -> None:
        """Store the current metadata, like `save_metadata`, which does not block."""
        self.save_metadata()

    if not TYPE_CHECKING:  # it would allow every name

        def __getattr__(self, name: str) -> Any:
            raise foreign_names.missing(self, name, foreign_names.OF_CONTEXTS)
