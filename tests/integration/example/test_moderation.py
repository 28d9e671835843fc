"""What moderators do, with the mails that follow from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client

from background.receipts import recent_progress
from feedback import tasks
from feedback.models import Follow, Post, Status, StatusChange
from tests.integration.example.helpers import html_of
from tests.support.board_fixtures import tasks_from
from tests.support.waiting import wait_until

AsUser = Callable[[User], Client]
MakeMember = Callable[..., User]


@pytest.fixture
def followers(post: Post, make_member: MakeMember, moderator: User) -> list[User]:
    """Two followers of the post, the moderator, a member who left and one without an address."""
    people = [make_member(name) for name in ("Ada", "Ben")]
    people += [moderator, make_member("Gone", is_active=False), make_member("Mute")]
    User.objects.filter(profile__name="Mute").update(email="")
    make_member("Stranger")
    Follow.objects.bulk_create(Follow(post=post, user=person) for person in people)
    return people[:2]


def give_status(client: Client, post: Post, note: str = "") -> Any:
    form = {"status": Status.objects.get(slug="planned").pk, "note": note}
    return client.post(f"/posts/{post.pk}/status/", form, follow=True)


def test_only_followers_hear_of_a_new_status(
    as_user: AsUser, moderator: User, post: Post, followers: list[User]
) -> None:
    page = give_status(as_user(moderator), post, note="Soon, and <i>gladly</i>.")
    assert "The status is now “Planned”." in page.text
    assert sorted(sent.to[0] for sent in mail.outbox) == ["ada@example.com", "ben@example.com"]
    sent = mail.outbox[0]
    assert sent.subject == "Planned: Scale recipes"
    assert "Mara adds: Soon, and <i>gladly</i>." in sent.body
    assert "&lt;i&gt;gladly&lt;/i&gt;" in html_of(sent)
    assert f"http://testserver/posts/{post.pk}/" in sent.body


def test_a_title_that_breaks_lines_is_no_obstacle_to_the_mail(
    as_user: AsUser, moderator: User, post: Post, followers: list[User]
) -> None:
    Post.objects.filter(pk=post.pk).update(title="Scale\rrecipes\u2028now")
    give_status(as_user(moderator), post)
    assert {sent.subject for sent in mail.outbox} == {"Planned: Scale recipes now"}


def test_a_title_is_kept_on_one_line(as_user: AsUser, post: Post) -> None:
    assert post.author
    form = {"board": post.board_id, "title": " Scale\r\nrecipes\r now ", "text": "For seven."}
    as_user(post.author).post(f"/posts/{post.pk}/edit/", form)
    post.refresh_from_db()
    assert post.title == "Scale recipes now"


def test_the_moderator_sees_the_work_done(
    as_user: AsUser, moderator: User, post: Post, followers: list[User], settings: Any
) -> None:
    settings.TASKS = tasks_from(JOB_BACKEND="async")
    client = as_user(moderator)
    page = give_status(client, post)
    assert "Mail to 2 followers" in page.text
    wait_until(lambda: recent_progress(page.wsgi_request)[0].state == "done")
    wait_until(lambda: len(mail.outbox) == 2)
    assert "Mail to 2 followers: done" in client.get("/background/strip/").text


def test_a_status_that_was_there_already_tells_nobody(
    as_user: AsUser, moderator: User, post: Post, followers: list[User]
) -> None:
    client = as_user(moderator)
    give_status(client, post)
    mail.outbox.clear()
    page = give_status(client, post)
    assert "is “Planned” already" in page.text
    assert mail.outbox == []
    assert StatusChange.objects.count() == 1


def test_a_note_that_is_too_long_changes_nothing(
    as_user: AsUser, moderator: User, post: Post, followers: list[User]
) -> None:
    page = give_status(as_user(moderator), post, note="x" * 501)
    assert "The status was not changed" in page.text
    assert not StatusChange.objects.exists()


def test_telling_many_goes_on_where_it_was_cut_off(
    post: Post, moderator: User, make_member: MakeMember, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second attempt leaves out the portions that the first one finished."""
    monkeypatch.setattr(tasks, "PORTION", 2)
    people = [make_member(f"Fan{n}") for n in range(5)]
    follows = [Follow.objects.create(post=post, user=person) for person in people]
    change = StatusChange.objects.create(post=post, by=moderator, notified_up_to=follows[1].pk)
    assert tasks.notify_followers.call(change) == 3
    assert [sent.to[0] for sent in mail.outbox] == [person.email for person in people[2:]]
    assert tasks.notify_followers.call(change) == 0


def test_nobody_hears_of_a_post_that_was_deleted_before_the_job_ran(
    as_user: AsUser, moderator: User, post: Post, followers: list[User], settings: Any
) -> None:
    settings.TASKS = tasks_from(JOB_BACKEND="async")
    change = StatusChange.objects.create(post=post, by=moderator)
    later = tasks.notify_followers.using(run_after=None)
    pk = change.pk
    StatusChange.objects.filter(pk=pk).delete()
    change.pk = pk
    result = later.enqueue(change)
    wait_until(lambda: bool(tasks.notify_followers.get_result(result.id).is_finished))
    assert mail.outbox == []


def test_hidden_posts_are_for_moderators(
    client: Client, as_user: AsUser, moderator: User, member: User, post: Post
) -> None:
    watching = as_user(moderator)
    watching.post(f"/posts/{post.pk}/hide/")
    for visitor in (client, as_user(member)):
        assert post.title not in visitor.get("/").text
        assert visitor.get(f"/posts/{post.pk}/").status_code == 404
    assert as_user(member).post(f"/posts/{post.pk}/vote/").status_code == 404
    assert post.title in watching.get("/").text
    watching.post(f"/posts/{post.pk}/hide/")
    assert post.title in client.get("/").text


def test_deleting_asks_first(as_user: AsUser, moderator: User, post: Post) -> None:
    client = as_user(moderator)
    assert "Delete this post?" in client.get(f"/posts/{post.pk}/delete/").text
    assert Post.objects.exists()
    client.post(f"/posts/{post.pk}/delete/")
    assert not Post.objects.exists()
