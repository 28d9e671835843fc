"""Views of imports, for moderators."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from django_jobs import Batch
from django_jobs.errors import BatchNotFound
from example.requests import MemberRequest
from feedback.views.moderation import moderators_only
from imports.forms import ImportForm
from imports.models import PostImport
from imports.progress import progress_of
from imports.tasks import enqueue_import

SHOWN = 20
"""How many imports the page lists."""

ROWS_PER_PAGE = 50


@login_required
@moderators_only
def import_list(request: MemberRequest) -> HttpResponse:
    """Upload a file of posts, and list the latest imports."""
    form = ImportForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        post_import = PostImport(
            by=request.user,
            file_name=form.cleaned_data["file"].name[:100],
            row_count=len(form.rows),
        )
        with transaction.atomic():
            enqueue_import(post_import, form.rows)
        return redirect(post_import)
    latest = PostImport.objects.select_related("by__profile")[:SHOWN]
    return render(request, "imports/list.html", {"form": form, "imports": latest})


@login_required
@moderators_only
def import_detail(request: MemberRequest, pk: int) -> HttpResponse:
    """Show the progress of an import, and the rows that have problems."""
    post_import = get_object_or_404(PostImport.objects.select_related("by__profile"), pk=pk)
    return render(request, "imports/detail.html", _context(request, post_import))


@never_cache
@login_required
@moderators_only
def progress(request: MemberRequest, pk: int) -> HttpResponse:
    """Return the changing part of the page, which the script fetches until the import ends."""
    post_import = get_object_or_404(PostImport, pk=pk)
    return render(request, "imports/progress.html", _context(request, post_import))


@login_required
@moderators_only
@require_POST
def stop(request: MemberRequest, pk: int) -> HttpResponse:
    """Cancel the batch of an import: rows that have not been imported are skipped."""
    post_import = get_object_or_404(PostImport, pk=pk)
    try:
        is_stopped = Batch.get(post_import.batch_id).cancel()
    except BatchNotFound:
        is_stopped = False
    if is_stopped:
        messages.success(request, "The import is stopped. Posts that it has written stay.")
    else:
        messages.info(request, "This import has ended already.")
    return redirect(post_import)


def _context(request: HttpRequest, post_import: PostImport) -> dict[str, object]:
    problems = Paginator(post_import.rows.exclude(problem=""), ROWS_PER_PAGE)
    return {
        "import": post_import,
        "progress": progress_of(post_import),
        "page": problems.get_page(request.GET.get("page")),
    }
