"""What the site knows about a member beyond the sign-in."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import User
from django.db import models
from django.urls import reverse
from django.utils import timezone

NAME_LENGTH = 60
ADDRESS_LENGTH = 500


class PictureState(models.TextChoices):
    """How the last request for a picture stands."""

    NONE = "none"
    FETCHING = "fetching"
    DONE = "done"
    FAILED = "failed"


class Profile(models.Model):
    """The public side of one member."""

    user = models.OneToOneField(
        User, on_delete=models.CASCADE, primary_key=True, related_name="profile"
    )
    name = models.CharField(max_length=NAME_LENGTH)
    picture_address = models.CharField(max_length=ADDRESS_LENGTH, blank=True)
    picture_state = models.CharField(
        max_length=10, choices=PictureState.choices, default=PictureState.NONE
    )
    picture_problem = models.CharField(max_length=300, blank=True)
    picture_asked_at = models.DateTimeField(null=True, blank=True)
    picture_digest = models.CharField(max_length=32, blank=True)

    objects: ClassVar[models.Manager[Profile]] = models.Manager()

    def __str__(self) -> str:
        return self.name

    @property
    def picture_url(self) -> str:
        """Where the picture is served, or an empty string."""
        if not self.picture_digest:
            return ""
        return reverse("accounts:picture", args=[self.pk, self.picture_digest])


class Picture(models.Model):
    """A member's picture as bytes.

    It is about 10 KB, so the database keeps it: the worker that makes it needs no disk in common
    with the web process that serves it, an old picture goes when the new one comes, and both
    change in one transaction with the profile.
    """

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True)
    webp = models.BinaryField()

    objects: ClassVar[models.Manager[Picture]] = models.Manager()

    def __str__(self) -> str:
        return f"Picture of {self.user_id}"


class Attempt(models.Model):
    """One try of something that may not be tried without end.

    In the database, as all processes of the site count together.
    """

    key = models.CharField(max_length=32)
    made_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager[Attempt]] = models.Manager()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["key", "made_at"], name="attempt_key_made_at"),
        ]

    def __str__(self) -> str:
        return f"{self.key} at {self.made_at:%Y-%m-%d %H:%M:%S}"


def profile_of(user: User) -> Profile:
    """Return the member's profile, made on the spot for accounts from the command line."""
    profile, _ = Profile.objects.get_or_create(
        user=user, defaults={"name": user.get_full_name() or user.get_username()[:NAME_LENGTH]}
    )
    return profile
