"""Writes the demo data to the database."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from django.contrib.auth.models import Group, Permission, User
from django.db import transaction
from django.utils import timezone

from accounts.models import Profile
from feedback.demo.content import BOARDS, POSTS, STATUSES, DemoPost
from feedback.demo.people import ADMIN, EVERYBODY, MODERATOR, Person
from feedback.models import Board, Comment, Follow, Post, Status, StatusChange, Vote
from feedback.permissions import MODERATE, MODERATORS

MODERATOR_PERMISSIONS = (
    MODERATE.partition(".")[2],
    *(f"{act}_{what}" for what in ("board", "status") for act in ("add", "change", "view")),
)

People = dict[str, User]


@transaction.atomic
def fill() -> int:
    """Add the demo data that is missing; leave existing rows unchanged.

    Returns:
        The number of posts added.
    """
    moderators = _moderators()
    for position, (name, slug, summary) in enumerate(BOARDS):
        Board.objects.get_or_create(
            slug=slug, defaults={"name": name, "summary": summary, "position": position}
        )
    for position, (name, slug, colour, on_roadmap) in enumerate(STATUSES):
        defaults = {"name": name, "colour": colour, "on_roadmap": on_roadmap, "position": position}
        Status.objects.get_or_create(slug=slug, defaults=defaults)
    people = {person.name.split()[0]: _account(person, moderators) for person in EVERYBODY}
    return sum(_post(entry, people, seed) for seed, entry in enumerate(POSTS))


def _moderators() -> Group:
    group, _ = Group.objects.get_or_create(name=MODERATORS)
    permitted = Permission.objects.filter(content_type__app_label="feedback")
    group.permissions.add(*permitted.filter(codename__in=MODERATOR_PERMISSIONS))
    return group


def _account(person: Person, moderators: Group) -> User:
    user, is_new = User.objects.get_or_create(
        username=person.email, defaults={"email": person.email}
    )
    if not is_new:
        return user
    user.is_superuser = person is ADMIN
    user.is_staff = person in (ADMIN, MODERATOR)
    user.set_password(person.password or None)
    user.save()
    Profile.objects.create(user=user, name=person.name)
    if person is MODERATOR:
        user.groups.add(moderators)
    return user


def _post(entry: DemoPost, people: People, seed: int) -> bool:
    author = people[entry.by]
    if Post.objects.filter(title=entry.title).exists():
        return False
    post = Post.objects.create(
        board=Board.objects.get(slug=entry.board),
        status=Status.objects.filter(slug=entry.status).first(),
        author=author,
        title=entry.title,
        text=entry.text,
    )
    _date(post, entry.days)
    _votes(post, entry, people, Random(seed))
    for reply in entry.comments:
        _date(
            Comment.objects.create(post=post, author=people[reply.by], text=reply.text), reply.days
        )
        Follow.objects.get_or_create(post=post, user=people[reply.by])
    if entry.status:
        change = StatusChange.objects.create(
            post=post, status=post.status, by=people["Mara"], note=entry.note
        )
        _date(change, entry.days / 2)
    return True


def _votes(post: Post, entry: DemoPost, people: People, random: Random) -> None:
    author = people[entry.by]
    others = [user for user in people.values() if user != author]
    for voter in [author, *random.sample(others, entry.votes - 1)]:
        _date(Vote.objects.create(post=post, user=voter), random.uniform(0, entry.days))
        Follow.objects.create(post=post, user=voter)


def _date(row: Post | Comment | Vote | StatusChange, days: float) -> None:
    """Set the date of a row to the past, because `auto_now_add` has set it to now."""
    type(row)._default_manager.filter(pk=row.pk).update(
        created_at=timezone.now() - timedelta(days=days)
    )
