"""Who may do what."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from feedback.models import Comment, Post

AsUser = Callable[[User], Client]
SIGN_IN = "/sign-in/?next="

FOR_MEMBERS = [
    ("post", "/posts/{post}/vote/"),
    ("post", "/posts/{post}/follow/"),
    ("post", "/posts/{post}/comment/"),
    ("get", "/posts/new/"),
    ("get", "/profile/"),
    ("post", "/profile/picture/"),
    ("post", "/profile/picture/remove/"),
    ("post", "/profile/notifications/"),
    ("post", "/profile/data/"),
    ("get", "/profile/leave/"),
    ("get", "/profile/password/"),
    ("get", "/posts/{post}/edit/"),
    ("post", "/comments/{comment}/delete/"),
]
FOR_MODERATORS = [
    ("post", "/posts/{post}/status/"),
    ("post", "/posts/{post}/hide/"),
    ("get", "/posts/{post}/delete/"),
    ("post", "/posts/{post}/delete/"),
]
POST_ONLY = [
    "/posts/{post}/vote/",
    "/posts/{post}/follow/",
    "/posts/{post}/comment/",
    "/posts/{post}/status/",
    "/posts/{post}/hide/",
    "/comments/{comment}/delete/",
    "/profile/picture/",
    "/profile/picture/remove/",
    "/profile/notifications/",
    "/profile/data/",
]


@pytest.fixture
def keys(post: Post) -> dict[str, int]:
    """The post of Ines with a comment of hers."""
    comment = Comment.objects.create(post=post, author=post.author, text="And rounding.")
    return {"post": post.pk, "comment": comment.pk}


@pytest.mark.parametrize(("method", "path"), FOR_MEMBERS + FOR_MODERATORS)
def test_strangers_are_asked_to_sign_in(
    client: Client, keys: dict[str, int], method: str, path: str
) -> None:
    answer = getattr(client, method)(path.format(**keys))
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(SIGN_IN)


@pytest.mark.parametrize(("method", "path"), FOR_MODERATORS)
def test_members_do_not_moderate(
    as_user: AsUser, member: User, keys: dict[str, int], method: str, path: str
) -> None:
    answer = getattr(as_user(member), method)(path.format(**keys))
    assert answer.status_code == 403
    assert "Not allowed" in answer.text
    assert Post.objects.filter(pk=keys["post"], hidden=False, status=None).exists()


@pytest.mark.parametrize("path", POST_ONLY)
def test_following_a_link_changes_nothing(
    as_user: AsUser, moderator: User, keys: dict[str, int], path: str
) -> None:
    assert as_user(moderator).get(path.format(**keys)).status_code == 405


@pytest.mark.parametrize("path", [*POST_ONLY, "/posts/{post}/delete/", "/sign-out/", "/join/"])
def test_changes_need_the_token_of_the_form(
    moderator: User, keys: dict[str, int], path: str
) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(moderator)
    answer = client.post(path.format(**keys))
    assert answer.status_code == 403
    assert "Please try again" in answer.text


def test_authors_edit_their_own_posts_and_no_others(
    as_user: AsUser, member: User, moderator: User, post: Post
) -> None:
    assert post.author
    form = {"board": post.board_id, "title": "Scale all recipes", "text": ""}
    for other in (member, moderator):
        assert as_user(other).post(f"/posts/{post.pk}/edit/", form).status_code == 403
    assert as_user(post.author).post(f"/posts/{post.pk}/edit/", form).status_code == 302
    post.refresh_from_db()
    assert post.title == "Scale all recipes"
    assert post.edited_at is not None


def test_comments_are_deleted_by_their_author_or_a_moderator(
    as_user: AsUser, member: User, moderator: User, post: Post
) -> None:
    assert post.author
    for deleter, status in ((member, 403), (post.author, 302), (moderator, 302)):
        comment = Comment.objects.create(post=post, author=post.author, text="x")
        answer = as_user(deleter).post(f"/comments/{comment.pk}/delete/")
        assert answer.status_code == status


def test_nobody_edits_the_post_of_a_former_member(
    as_user: AsUser, member: User, post: Post
) -> None:
    Post.objects.filter(pk=post.pk).update(author=None)
    assert as_user(member).get(f"/posts/{post.pk}/edit/").status_code == 403


def test_moderators_see_the_tools_and_members_do_not(
    as_user: AsUser, member: User, moderator: User, post: Post
) -> None:
    assert "Moderation" in as_user(moderator).get(f"/posts/{post.pk}/").text
    assert "Moderation" not in as_user(member).get(f"/posts/{post.pk}/").text
