"""How far an import has come."""

from __future__ import annotations

from dataclasses import dataclass

from django_jobs import Batch
from django_jobs.errors import BatchNotFound
from imports.models import PostImport


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """The progress of an import, for moderators.

    Attributes:
        failed: rows whose jobs are dead, by an error that nobody expected.
        is_open: whether it goes on.
        is_cancelled: whether a moderator has stopped it.
        is_lost: whether nobody knows of its jobs any more, although it has not ended.
    """

    total: int
    imported: int
    refused: int
    failed: int
    is_open: bool
    is_cancelled: bool
    is_lost: bool

    @property
    def done(self) -> int:
        """Rows that have been dealt with, in whatever way."""
        return min(self.total, self.imported + self.refused + self.failed)

    @property
    def skipped(self) -> int:
        """Rows that will not be dealt with any more."""
        return 0 if self.is_open else self.total - self.done


def progress_of(post_import: PostImport) -> ImportProgress:
    """Return the progress of an import: its rows, and what its batch knows."""
    refused = post_import.rows.exclude(problem="").count()
    batch = _batch(post_import)
    return ImportProgress(
        total=post_import.row_count,
        imported=post_import.rows.count() - refused,
        refused=refused,
        failed=batch.counts.dead if batch else 0,
        is_open=batch is not None and batch.ended_at is None,
        is_cancelled=batch is not None and batch.record.is_cancelled,
        is_lost=batch is None and post_import.ended_at is None,
    )


def _batch(post_import: PostImport) -> Batch | None:
    """Return the batch, or None if it is no longer kept."""
    try:
        return Batch.get(post_import.batch_id)
    except BatchNotFound:
        return None
