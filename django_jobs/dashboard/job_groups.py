"""What the pages of batches and of workflows have in common: the list, one of them, the actions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from django_jobs.brokers.batches import RetriedDead
from django_jobs.jobs.batches import BatchRecord

from . import batch_rows, formatting, job_call, parameters
from .audit import Change
from .batch_search import BatchFilters, search, to_place, to_text
from .decorators import Done, Refused
from .request import DashboardRequest
from .rows import Row, to_row
from .states import BATCH_LABELS

DEAD_SHOWN = 10
"""How many dead jobs a page shows."""

RETRY_SECONDS = 2.0
"""For how long one request retries dead jobs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupKind:
    """Batches or workflows.

    Attributes:
        name: of the page of one of them; also what the log calls it.
        listed: the name of the page of all.
        cancelling, retry: the names of the actions.
        unknown, cancelled, ended, without_dead: what visitors are told.
    """

    is_workflow: bool
    name: str
    listed: str
    cancelling: str
    retry: str
    unknown: Any
    cancelled: Any
    ended: Any
    without_dead: Any

    # --- pages -------------------------------------------------------------------------------

    def show_list(self, request: DashboardRequest) -> Mapping[str, Any]:
        """Return the context of the page of all."""
        filters = BatchFilters.from_query(request.http.GET)
        after = to_place(parameters.text(request.http.GET, "after"))
        batches = request.backend.broker.batches
        found = search(batches, filters, after, workflows=self.is_workflow)
        redactor = request.redactor
        query = {**filters.query, "after": to_text(found.end)} if found.end else {}
        return {
            "kind": self,
            "filters": filters,
            "states": list(BATCH_LABELS.items()),
            "found": found,
            "rows": [batch_rows.to_row(redactor.batch(batch)) for batch in found.records],
            "last": found.first + len(found.records),
            "searched": found.total if found.end is None else found.first + found.read,
            "unfinished": batches.count_unfinished(workflows=self.is_workflow),
            "here": request.address(self.listed, **filters.query),
            "next": request.address(self.listed, **query) if found.end else "",
            "is_first": after is None,
        }

    def show(self, request: DashboardRequest) -> tuple[BatchRecord, Mapping[str, Any]]:
        """Return the one that the URL names, redacted, and what its page has of each kind.

        Raises:
            Http404: there is no such one.
        """
        found = self._find(request, request.http.GET.get("id", ""))
        if found is None:
            raise Http404(self.unknown)
        batch = request.redactor.batch(found)
        return batch, {
            "kind": self,
            "batch": batch,
            "progress": batch_rows.progress(batch),
            "counts": list(batch_rows.member_counts(batch)),
            "dead": _dead_rows(request, batch),
            "metadata": job_call.named_values(batch.metadata),
            "may_cancel": batch.ended_at is None and not batch.is_cancelled,
        }

    # --- actions -----------------------------------------------------------------------------

    def cancel(self, request: DashboardRequest) -> Done | Refused:
        """Cancel the one that the form names."""
        batch = self._posted(request)
        if batch is None:
            return self._refuse_unknown(request)
        back = request.address(self.name, id=batch.id)
        if not request.backend.batches.cancel(batch.id):
            return Refused(str(self.ended), back)
        return Done(
            str(self.cancelled), back, Change(action=f"cancel {self.name}", target=batch.id)
        )

    def retry_dead(self, request: DashboardRequest) -> Done | Refused:
        """Queue the dead jobs of the one that the form names, as many as one request can."""
        batch = self._posted(request)
        if batch is None:
            return self._refuse_unknown(request)
        back = request.address(self.name, id=batch.id)
        if batch.is_cancelled:
            return Refused(str(self.ended), back)
        done = request.backend.batches.retry_dead(batch.id, RETRY_SECONDS)
        if not done.retried:
            return Refused(_kept(done) or str(self.without_dead), back)
        action = f"retry dead jobs of {self.name}"
        return Done(_report(done), back, Change(action=action, target=batch.id, count=done.retried))

    def _find(self, request: DashboardRequest, batch_id: str) -> BatchRecord | None:
        found = request.backend.batches.find(batch_id) if batch_id else None
        return found if found and found.is_workflow == self.is_workflow else None

    def _posted(self, request: DashboardRequest) -> BatchRecord | None:
        return self._find(request, request.http.POST.get("batch", ""))

    def _refuse_unknown(self, request: DashboardRequest) -> Refused:
        return Refused(str(self.unknown), request.address(self.listed))


BATCHES = GroupKind(
    is_workflow=False,
    name="batch",
    listed="batches",
    cancelling="cancel_batch",
    retry="retry_batch",
    unknown=gettext_lazy("This batch does not exist, or is no longer kept."),
    cancelled=gettext_lazy(
        "The batch is cancelled. Jobs of it that have not started are discarded."
    ),
    ended=gettext_lazy("This batch has ended, or was cancelled before."),
    without_dead=gettext_lazy("This batch has no dead jobs."),
)
WORKFLOWS = GroupKind(
    is_workflow=True,
    name="workflow",
    listed="workflows",
    cancelling="cancel_workflow",
    retry="retry_workflow",
    unknown=gettext_lazy("This workflow does not exist, or is no longer kept."),
    cancelled=gettext_lazy(
        "The workflow is cancelled. Jobs of it that have not started are discarded."
    ),
    ended=gettext_lazy("This workflow has ended, or was cancelled before."),
    without_dead=gettext_lazy("This workflow has no dead jobs."),
)


def _dead_rows(request: DashboardRequest, batch: BatchRecord) -> list[Row]:
    ids = request.backend.broker.batches.dead_members(batch.id, DEAD_SHOWN)
    redactor = request.redactor
    return [to_row(redactor.record(record)) for record in request.inspection.read(ids)]


def _report(done: RetriedDead) -> str:
    text = ngettext("%(jobs)s was enqueued.", "%(jobs)s were enqueued.", done.retried)
    told = [text % {"jobs": formatting.job_count(done.retried)}, _kept(done)]
    if not done.is_done:
        told.append(_("There are more dead jobs: retry again to continue."))
    return " ".join(filter(None, told))


def _kept(done: RetriedDead) -> str:
    """Return why jobs were not retried, or "" if all were."""
    return formatting.kept_jobs(done.kept) if done.kept else ""
