"""Boards, posts, comments, votes and status changes."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import User
from django.db import models
from django.urls import reverse

TITLE_LENGTH = 120
TEXT_LENGTH = 4000
COMMENT_LENGTH = 2000
NOTE_LENGTH = 500


class Colour(models.TextChoices):
    """The colours of a status; the stylesheet uses the same names."""

    GREY = "grey"
    BLUE = "blue"
    VIOLET = "violet"
    AMBER = "amber"
    GREEN = "green"
    RED = "red"


class Board(models.Model):
    """A topic for feedback."""

    name = models.CharField(max_length=40, unique=True)
    slug = models.SlugField(max_length=40, unique=True)
    summary = models.CharField(max_length=160, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    objects: ClassVar[models.Manager[Board]] = models.Manager()

    class Meta:
        ordering = ("position", "name")

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("feedback:board", args=[self.slug])


class Status(models.Model):
    """A state of a post, such as "planned"."""

    name = models.CharField(max_length=30, unique=True)
    slug = models.SlugField(max_length=30, unique=True)
    colour = models.CharField(max_length=10, choices=Colour.choices, default=Colour.GREY)
    position = models.PositiveSmallIntegerField(default=0)
    on_roadmap = models.BooleanField(default=False)

    objects: ClassVar[models.Manager[Status]] = models.Manager()

    class Meta:
        ordering = ("position", "name")
        verbose_name_plural = "statuses"

    def __str__(self) -> str:
        return self.name


class Post(models.Model):
    """A piece of feedback. Its author is None if they are a former member."""

    board = models.ForeignKey(Board, on_delete=models.CASCADE, related_name="posts")
    status = models.ForeignKey(
        Status, on_delete=models.SET_NULL, null=True, blank=True, related_name="posts"
    )
    author = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="posts"
    )
    title = models.CharField(max_length=TITLE_LENGTH)
    text = models.TextField(max_length=TEXT_LENGTH, blank=True)
    hidden = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)
    edited_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Post]] = models.Manager()

    class Meta:
        ordering = ("-created_at",)
        permissions = (("moderate", "Can moderate posts"),)

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("feedback:post", args=[self.pk])


class Comment(models.Model):
    """A comment on a post."""

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="comments"
    )
    text = models.TextField(max_length=COMMENT_LENGTH)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[Comment]] = models.Manager()

    class Meta:
        ordering = ("created_at",)

    def __str__(self) -> str:
        return f"Comment {self.pk} on {self.post_id}"


class Vote(models.Model):
    """A member's vote for a post. It still counts after the member has left."""

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="votes")
    user = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="votes"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[Vote]] = models.Manager()

    class Meta:
        constraints = (models.UniqueConstraint("post", "user", name="one_vote_per_member"),)

    def __str__(self) -> str:
        return f"Vote of {self.user_id} for {self.post_id}"


class Follow(models.Model):
    """A member's subscription to the status changes of a post."""

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="follows")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="follows")

    objects: ClassVar[models.Manager[Follow]] = models.Manager()

    class Meta:
        constraints = (models.UniqueConstraint("post", "user", name="one_follow_per_member"),)

    def __str__(self) -> str:
        return f"{self.user_id} follows {self.post_id}"


class StatusChange(models.Model):
    """A moderator's decision about a post, which is sent to its followers."""

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="status_changes")
    status = models.ForeignKey(
        Status, on_delete=models.SET_NULL, null=True, blank=True, related_name="changes"
    )
    by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="status_changes"
    )
    note = models.CharField(max_length=NOTE_LENGTH, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # The last follow whose mail is enqueued. A job that runs again continues after it.
    notified_up_to = models.PositiveBigIntegerField(default=0)

    objects: ClassVar[models.Manager[StatusChange]] = models.Manager()

    class Meta:
        ordering = ("created_at",)

    def __str__(self) -> str:
        return f"{self.post_id} became {self.status}"
