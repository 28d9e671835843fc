"""Views that vote for posts and follow them."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from example.requests import MemberRequest, back
from feedback.models import Follow, Vote
from feedback.queries import posts_for


@login_required
@require_POST
def vote(request: MemberRequest, pk: int) -> HttpResponse:
    """Vote for a post, or withdraw the vote. Scripts get the new count as JSON."""
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
    """Follow a post, or stop following it."""
    post = get_object_or_404(posts_for(request.user), pk=pk)
    stopped, _ = Follow.objects.filter(post_id=pk, user=request.user).delete()
    if not stopped:
        Follow.objects.get_or_create(post_id=pk, user=request.user)
    return back(request, post.get_absolute_url())
