"""Members who leave, in portions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from accounts import leaving
from accounts.leaving import anonymise_portion, close_account
from accounts.models import Picture, Profile
from accounts.tasks import erase_member, finish_leaving
from feedback.models import Comment, Follow, Post, StatusChange, Vote
from tests.support.board_fixtures import PASSWORD, tasks_from
from tests.support.waiting import wait_until

AsUser = Callable[[User], Client]


@pytest.fixture
def busy(member: User, post: Post) -> User:
    """A member who left traces everywhere."""
    Picture.objects.create(user=member, webp=b"picture")
    own = [Post.objects.create(board=post.board, author=member, title=f"{n}") for n in range(5)]
    for each in [post, *own]:
        Comment.objects.create(post=each, author=member, text="I agree")
        Vote.objects.create(post=each, user=member)
        Follow.objects.create(post=each, user=member)
    StatusChange.objects.create(post=post, by=member)
    return member


def traces(user: User) -> int:
    """Rows that still name the user."""
    return (
        Post.objects.filter(author=user.pk).count()
        + Comment.objects.filter(author=user.pk).count()
        + Vote.objects.filter(user=user.pk).count()
        + Follow.objects.filter(user=user.pk).count()
        + StatusChange.objects.filter(by=user.pk).count()
    )


def assert_forgotten(user: User, post: Post) -> None:
    assert not User.objects.filter(pk=user.pk).exists()
    assert traces(user) == 0
    assert Post.objects.count() == 6
    assert Comment.objects.count() == 6
    assert Vote.objects.count() == 6
    assert not Follow.objects.exists()


def test_the_data_of_a_member_who_leaves_is_erased_and_their_posts_stay(
    as_user: AsUser, busy: User, post: Post
) -> None:
    client = as_user(busy)
    page = client.post("/profile/leave/", {"password": PASSWORD}, follow=True)
    assert "Your account is closed" in page.text
    assert client.get("/profile/").status_code == 302
    assert_forgotten(busy, post)
    text = client.get(f"/posts/{post.pk}/").text
    assert "Former member" in text
    assert "Tom" not in text


def test_a_wrong_password_closes_nothing(as_user: AsUser, busy: User) -> None:
    page = as_user(busy).post("/profile/leave/", {"password": "wrong"})
    assert "This is not your password." in page.text
    busy.refresh_from_db()
    assert busy.is_active


def test_the_portions_run_one_after_another_in_the_pool(
    as_user: AsUser, busy: User, post: Post, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaving, "PORTION", 2)
    settings.TASKS = tasks_from(JOB_BACKEND="async")
    as_user(busy).post("/profile/leave/", {"password": PASSWORD})
    wait_until(lambda: not User.objects.filter(pk=busy.pk).exists())
    assert_forgotten(busy, post)


def test_name_address_and_picture_are_gone_before_the_first_portion(
    client: Client, busy: User, post: Post
) -> None:
    close_account(busy)
    assert not Profile.objects.filter(user=busy).exists()
    assert not Picture.objects.exists()
    assert "Tom" not in client.get(f"/posts/{post.pk}/").text
    assert not client.login(username="tom@example.com", password=PASSWORD)
    assert not client.login(username=busy.username, password=PASSWORD)


def test_a_portion_that_fails_has_changed_nothing(busy: User) -> None:
    close_account(busy)
    before = traces(busy)

    def unplug(user_id: int) -> None:
        raise ConnectionError("somebody pulled the plug")

    with pytest.raises(ConnectionError):
        anonymise_portion(busy.pk, enqueue_next=unplug, size=3)
    assert traces(busy) == before


def test_the_work_is_taken_up_where_it_stopped(busy: User, post: Post) -> None:
    close_account(busy)
    asked: list[int] = []
    assert anonymise_portion(busy.pk, enqueue_next=asked.append, size=3) == 3
    assert asked == [busy.pk]
    assert traces(busy) > 0
    assert finish_leaving.call() == 1
    assert_forgotten(busy, post)


def test_running_it_again_does_no_harm(busy: User, post: Post) -> None:
    close_account(busy)
    for _ in range(3):
        erase_member.enqueue(busy.pk)
    assert_forgotten(busy, post)
    assert finish_leaving.call() == 0


def test_members_who_stay_keep_their_data(busy: User) -> None:
    before = traces(busy)
    erase_member.enqueue(busy.pk)
    User.objects.filter(pk=busy.pk).update(is_active=False)
    erase_member.enqueue(busy.pk)
    assert traces(busy) == before
    assert User.objects.filter(pk=busy.pk).exists()
