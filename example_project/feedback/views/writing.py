"""Views that write posts and comments."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from example.requests import MemberRequest
from feedback.forms import CommentForm, PostForm
from feedback.models import Board, Comment, Follow, Post, Vote
from feedback.permissions import may_delete_comment, may_edit
from feedback.queries import posts_for
from feedback.views.posts import post_context


@login_required
def new_post(request: MemberRequest) -> HttpResponse:
    """Write a post. Its author also votes for it and follows it."""
    board = Board.objects.filter(slug=request.GET.get("board", "")).first()
    form = PostForm(request.POST or None, author=request.user, initial={"board": board})
    if form.is_valid():
        form.instance.author = request.user
        with transaction.atomic():
            post = form.save()
            Vote.objects.create(post=post, user=request.user)
            Follow.objects.create(post=post, user=request.user)
        messages.success(request, "Thank you, your post is on the board.")
        return redirect(post)
    return render(request, "feedback/write.html", {"form": form})


@login_required
def edit_post(request: MemberRequest, pk: int) -> HttpResponse:
    """Edit a post."""
    post = get_object_or_404(posts_for(request.user), pk=pk)
    if not may_edit(request.user, post):
        raise PermissionDenied("Only its author may change a post.")
    form = PostForm(request.POST or None, instance=post, author=request.user)
    if form.is_valid():
        form.instance.edited_at = timezone.now()
        form.save()
        messages.success(request, "Your changes are saved.")
        return redirect(post)
    return render(request, "feedback/write.html", {"form": form, "post": post})


@login_required
@require_POST
def comment(request: MemberRequest, pk: int) -> HttpResponse:
    """Comment on a post, and follow it."""
    post = get_object_or_404(posts_for(request.user), pk=pk)
    form = CommentForm(request.POST, author=request.user)
    if not form.is_valid():
        return render(request, "feedback/post.html", post_context(request, post, form), status=422)
    form.instance.post = Post(pk=post.pk)
    form.instance.author = request.user
    with transaction.atomic():
        written = form.save()
        Follow.objects.get_or_create(post_id=post.pk, user=request.user)
    return redirect(f"{post.get_absolute_url()}#comment-{written.pk}")


@login_required
@require_POST
def delete_comment(request: MemberRequest, pk: int) -> HttpResponse:
    """Delete a comment."""
    comment = get_object_or_404(Comment.objects.select_related("post"), pk=pk)
    if not may_delete_comment(request.user, comment):
        raise PermissionDenied("Only its author or a moderator may delete a comment.")
    comment.delete()
    messages.success(request, "The comment is deleted.")
    return redirect(comment.post)
