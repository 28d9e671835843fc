"""Voting for posts, following them."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from example.requests import MemberRequest, back
from feedback.models import Follow, Vote
from feedback.selection import posts_for


@login_required
@require_POST
def vote(request: MemberRequest, pk: int) -> HttpResponse:
    """Give one's vote, or take it back. A script is told the new count as JSON."""
    post = get_object_or_404(posts_for(request.user), pk=pk)
    with transaction.atomic():
        withdrawn, _ = Vote.objects.filter(post_id=pk, user=request.user).delete()
        if not withdrawn:
            Vote.objects.get_or_create(post_id=pk, user=request.user)
            Follow.objects.get_or_create(post_id=pk, user=request.user)
    if request.accepts("text/html"):
        return back(request, post.get_absolute_url())
    return JsonResponse({"voted": not withdrawn, "votes": Vote.objects.filter(post_id=pk).count()})


@login_required
@require_POST
def follow(request: MemberRequest, pk: int) -> HttpResponse:
    """Start or stop getting mail about a post."""
    post = get_object_or_404(posts_for(request.user), pk=pk)
    stopped, _ = Follow.objects.filter(post_id=pk, user=request.user).delete()
    if not stopped:
        Follow.objects.get_or_create(post_id=pk, user=request.user)
    return back(request, post.get_absolute_url())
