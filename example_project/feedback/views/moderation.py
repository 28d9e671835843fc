"""Views of moderators."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import pluralize
from django.views.decorators.http import require_POST

from background.receipts import keep_receipt
from example.requests import MemberRequest
from feedback.forms import StatusForm
from feedback.models import Post, StatusChange
from feedback.permissions import MODERATE
from feedback.tasks import followers_to_notify, notify_followers

moderators_only = permission_required(MODERATE, raise_exception=True)


@login_required
@moderators_only
@require_POST
def change_status(request: MemberRequest, pk: int) -> HttpResponse:
    """Change the status of a post, and notify its followers by mail."""
    post = get_object_or_404(Post, pk=pk)
    form = StatusForm(request.POST)
    if not form.is_valid():
        messages.error(request, "The status was not changed: the note is too long.")
        return redirect(post)
    status, note = form.cleaned_data["status"], form.cleaned_data["note"]
    if status == post.status:
        unsent = " Your note was not sent." if note else ""
        messages.info(request, f"The status is “{status or 'Open'}” already.{unsent}")
        return redirect(post)
    with transaction.atomic():
        post.status = status
        post.save(update_fields=["status"])
        change = StatusChange.objects.create(post=post, status=status, by=request.user, note=note)
        followers = followers_to_notify(change).count()
        if followers:
            result = notify_followers.enqueue(change)
            keep_receipt(request, result, f"Mail to {followers} follower{pluralize(followers)}")
    messages.success(request, f"The status is now “{status or 'Open'}”.")
    return redirect(post)


@login_required
@moderators_only
@require_POST
def hide(request: MemberRequest, pk: int) -> HttpResponse:
    """Hide a post, or show it again."""
    post = get_object_or_404(Post, pk=pk)
    post.hidden = not post.hidden
    post.save(update_fields=["hidden"])
    message = (
        "Only moderators can see this post now."
        if post.hidden
        else "Everyone can see this post now."
    )
    messages.success(request, message)
    return redirect(post)


@login_required
@moderators_only
def delete(request: MemberRequest, pk: int) -> HttpResponse:
    """Delete a post after asking for confirmation."""
    post = get_object_or_404(Post.objects.select_related("board"), pk=pk)
    if request.method == "POST":
        post.delete()
        messages.success(request, f"“{post.title}” is deleted.")
        return redirect(post.board)
    return render(request, "feedback/delete.html", {"post": post})
