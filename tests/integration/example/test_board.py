"""Reading and writing on the board."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from feedback.models import Board, Comment, Follow, Post, Status, Vote

AsUser = Callable[[User], Client]
MakeMember = Callable[..., User]


def titles(page: object) -> list[str]:
    return [post.title for post in page.context["page"]]  # type: ignore[attr-defined]


@pytest.fixture
def many(board: Board, make_member: MakeMember) -> list[Post]:
    """Posts whose order differs with the sort: the oldest has most votes."""
    people = [make_member(name) for name in ("Ada", "Ben", "Cleo")]
    made = []
    for number, title in enumerate(["Old and loved", "Talked about", "Just written"]):
        post = Post.objects.create(board=board, title=title, text=f"number {number}")
        Post.objects.filter(pk=post.pk).update(
            created_at=timezone.now() - timedelta(days=90 - number * 40)
        )
        made.append(post)
    for person in people:
        vote = Vote.objects.create(post=made[0], user=person)
        Vote.objects.filter(pk=vote.pk).update(created_at=timezone.now() - timedelta(days=60))
    for person in people[:2]:
        Vote.objects.create(post=made[1], user=person)
    return made


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("trending", ["Talked about", "Old and loved", "Just written"]),
        ("top", ["Old and loved", "Talked about", "Just written"]),
        ("new", ["Just written", "Talked about", "Old and loved"]),
        ("nonsense", ["Talked about", "Old and loved", "Just written"]),
    ],
)
def test_posts_come_in_the_order_asked_for(
    client: Client, many: list[Post], sort: str, order: list[str]
) -> None:
    assert titles(client.get("/", {"sort": sort})) == order


def test_search_finds_posts_with_all_words_in_title_or_text(
    client: Client, many: list[Post]
) -> None:
    assert titles(client.get("/", {"q": "OLD number"})) == ["Old and loved"]
    page = client.get("/", {"q": "x\0y"})
    assert "Nothing matches" in page.text


def test_lists_can_be_narrowed_to_a_status(client: Client, many: list[Post]) -> None:
    Post.objects.filter(pk=many[0].pk).update(status=Status.objects.get())
    assert titles(client.get("/", {"status": "planned"})) == ["Old and loved"]
    assert len(titles(client.get("/", {"status": "open"}))) == 2


def test_a_board_shows_its_own_posts(client: Client, post: Post) -> None:
    other = Board.objects.create(name="Kitchen", slug="kitchen")
    Post.objects.create(board=other, title="Timers")
    assert titles(client.get("/boards/kitchen/")) == ["Timers"]
    assert client.get("/boards/none/").status_code == 404


def test_long_lists_have_pages_that_keep_the_choice(client: Client, board: Board) -> None:
    for number in range(20):
        Post.objects.create(board=board, title=f"Wish {number}")
    first = client.get("/", {"sort": "new", "q": "wish"})
    assert len(titles(first)) == 15
    assert "sort=new&amp;q=wish&amp;page=2" in first.text
    assert len(titles(client.get("/", {"page": "2"}))) == 5
    assert len(titles(client.get("/", {"page": "nonsense"}))) == 15


def test_a_list_takes_the_same_queries_however_long(
    client: Client, board: Board, django_assert_max_num_queries: Callable[..., object]
) -> None:
    for number in range(15):
        Post.objects.create(board=board, title=f"Wish {number}")
    with django_assert_max_num_queries(6):  # type: ignore[attr-defined]
        client.get("/")


def test_an_author_supports_and_follows_the_own_post(
    as_user: AsUser, member: User, board: Board
) -> None:
    form = {"board": board.pk, "title": "Timers", "text": "Which one is the rice?"}
    page = as_user(member).post("/posts/new/", form, follow=True)
    post = Post.objects.get()
    assert "Thank you" in page.text
    assert post.author == member
    assert Vote.objects.filter(post=post, user=member).exists()
    assert Follow.objects.filter(post=post, user=member).exists()


def test_what_people_write_is_shown_and_never_run(
    as_user: AsUser, member: User, post: Post
) -> None:
    evil = "<script>alert(1)</script> https://example.com/"
    Post.objects.filter(pk=post.pk).update(title=evil, text=evil)
    page = as_user(member).post(f"/posts/{post.pk}/comment/", {"text": evil}, follow=True)
    assert "<script>alert" not in page.text
    assert page.text.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 3
    assert 'rel="nofollow"' in page.text


def test_a_vote_counts_once_and_can_be_taken_back(
    as_user: AsUser, member: User, post: Post
) -> None:
    client = as_user(member)
    client.post(f"/posts/{post.pk}/vote/")
    assert post.votes.count() == 1
    assert post.follows.filter(user=member).exists()
    client.post(f"/posts/{post.pk}/vote/")
    assert post.votes.count() == 0


def test_a_script_hears_the_new_count(as_user: AsUser, member: User, post: Post) -> None:
    answer = as_user(member).post(f"/posts/{post.pk}/vote/", headers={"accept": "application/json"})
    assert answer.json() == {"voted": True, "votes": 1}


@pytest.mark.parametrize(
    ("wanted", "target"),
    [
        ("/?sort=new", "/?sort=new"),
        ("https://evil.example/", None),
        ("//evil.example/", None),
        ("/\\evil.example/", None),
        ("javascript:alert(1)", None),
    ],
)
def test_after_a_vote_one_is_back_where_one_was_but_never_elsewhere(
    as_user: AsUser, member: User, post: Post, wanted: str, target: str | None
) -> None:
    answer = as_user(member).post(f"/posts/{post.pk}/vote/", {"next": wanted})
    assert answer.headers["Location"] == (target or post.get_absolute_url())


def test_a_member_who_comments_follows_the_post(as_user: AsUser, member: User, post: Post) -> None:
    client = as_user(member)
    answer = client.post(f"/posts/{post.pk}/comment/", {"text": "Halves are fine."})
    assert answer.headers["Location"] == f"/posts/{post.pk}/#comment-{Comment.objects.get().pk}"
    assert post.follows.filter(user=member).exists()
    client.post(f"/posts/{post.pk}/follow/")
    assert not post.follows.filter(user=member).exists()


@pytest.mark.parametrize("text", ["", " \n ", "x" * 2001])
def test_an_empty_or_endless_comment_is_refused_with_the_post_still_shown(
    as_user: AsUser, member: User, post: Post, text: str
) -> None:
    page = as_user(member).post(f"/posts/{post.pk}/comment/", {"text": text})
    assert page.status_code == 422
    assert post.title in page.text
    assert not Comment.objects.exists()


def test_a_flood_of_posts_is_stopped_with_a_sentence(
    as_user: AsUser, member: User, board: Board
) -> None:
    Post.objects.bulk_create(Post(board=board, author=member, title=f"{n}") for n in range(10))
    form = {"board": board.pk, "title": "One more", "text": ""}
    page = as_user(member).post("/posts/new/", form)
    assert "You have written a lot in the last hour." in page.text
    assert Post.objects.count() == 10


def test_a_flood_of_comments_is_stopped_with_a_sentence(
    as_user: AsUser, member: User, post: Post
) -> None:
    Comment.objects.bulk_create(Comment(post=post, author=member, text="x") for _ in range(40))
    page = as_user(member).post(f"/posts/{post.pk}/comment/", {"text": "One more"})
    assert "You have written a lot in the last hour." in page.text


def test_the_roadmap_has_a_column_for_each_status_on_it(client: Client, post: Post) -> None:
    Status.objects.create(name="Declined", slug="declined")
    Post.objects.filter(pk=post.pk).update(status=Status.objects.get(slug="planned"))
    page = client.get("/roadmap/")
    assert post.title in page.text
    assert "Declined" not in page.text


def test_every_page_has_the_strict_policy(client: Client, post: Post) -> None:
    for path in ("/", f"/posts/{post.pk}/", "/join/", "/nothing/"):
        policy = client.get(path).headers["Content-Security-Policy"]
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
