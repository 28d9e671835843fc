"""Views that show posts."""

from __future__ import annotations

from operator import attrgetter

from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from feedback.forms import CommentForm, StatusForm
from feedback.listing import Listing, Sort
from feedback.models import Board, Comment, Follow, Post, Status
from feedback.permissions import is_moderator, may_delete_comment, may_edit
from feedback.queries import posts_for

POSTS_PER_PAGE = 15
POSTS_PER_COLUMN = 12


def post_list(request: HttpRequest, slug: str | None = None) -> HttpResponse:
    """Show the posts of one board, or of all boards."""
    board = get_object_or_404(Board, slug=slug) if slug else None
    listing = Listing.from_query(request.GET)
    posts = posts_for(request.user)
    if board is not None:
        posts = posts.filter(board=board)
    page = Paginator(listing.apply(posts), POSTS_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "board": board,
        "boards": _boards_with_counts(request),
        "statuses": Status.objects.all(),
        "listing": listing,
        "sorts": list(Sort),
        "page": page,
    }
    return render(request, "feedback/posts.html", context)


def roadmap(request: HttpRequest) -> HttpResponse:
    """Show what is planned, in progress and completed."""
    posts = Listing(sort=Sort.TOP).apply(posts_for(request.user))
    columns = [
        (status, posts.filter(status=status)[:POSTS_PER_COLUMN])
        for status in Status.objects.filter(on_roadmap=True)
    ]
    return render(request, "feedback/roadmap.html", {"columns": columns})


def post_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one post with its comments and status changes."""
    post = get_object_or_404(posts_for(request.user), pk=pk)
    return render(request, "feedback/post.html", post_context(request, post, CommentForm()))


def post_context(request: HttpRequest, post: Post, form: CommentForm) -> dict[str, object]:
    """Return the context of the page of a post.

    Args:
        post: a post with the annotations of `posts_for`.
        form: the form for a comment.
    """
    return {
        "post": post,
        "history": _history(request, post),
        "follower_count": post.follows.count(),
        "follows": Follow.objects.filter(post=post, user_id=request.user.pk or 0).exists(),
        "may_edit": may_edit(request.user, post),
        "is_moderator": is_moderator(request.user),
        "comment_form": form,
        "status_form": StatusForm(initial={"status": post.status}),
    }


def _history(request: HttpRequest, post: Post) -> list[object]:
    comments: list[Comment] = list(post.comments.select_related("author__profile"))
    for comment in comments:
        comment.may_delete = may_delete_comment(request.user, comment)  # type: ignore[attr-defined]
    changes = post.status_changes.select_related("status", "by__profile")
    return sorted([*comments, *changes], key=attrgetter("created_at"))


def _boards_with_counts(request: HttpRequest) -> list[Board]:
    shown = Q() if is_moderator(request.user) else Q(posts__hidden=False)
    counted = Board.objects.annotate(post_count=Count("posts", filter=shown))
    return list(counted.order_by("position", "name"))
