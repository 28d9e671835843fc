"""Profiles, pictures, and attempts that are limited."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import User
from django.db import models
from django.urls import reverse
from django.utils import timezone

NAME_LENGTH = 60
ADDRESS_LENGTH = 500


class PictureState(models.TextChoices):
    """The state of the last request for a picture."""

    NONE = "none"
    FETCHING = "fetching"
    DONE = "done"
    FAILED = "failed"


class Profile(models.Model):
    """What others see of a member."""

    user = models.OneToOneField(
        User, on_delete=models.CASCADE, primary_key=True, related_name="profile"
    )
    name = models.CharField(max_length=NAME_LENGTH)
    picture_address = models.CharField(max_length=ADDRESS_LENGTH, blank=True)
    picture_state = models.CharField(
        max_length=10, choices=PictureState.choices, default=PictureState.NONE
    )
    picture_problem = models.CharField(max_length=300, blank=True)
    picture_requested_at = models.DateTimeField(null=True, blank=True)
    picture_digest = models.CharField(max_length=32, blank=True)

    objects: ClassVar[models.Manager[Profile]] = models.Manager()

    def __str__(self) -> str:
        return self.name

    @property
    def picture_url(self) -> str:
        """The URL of the picture, or an empty string."""
        if not self.picture_digest:
            return ""
        return reverse("accounts:picture", args=[self.pk, self.picture_digest])


class Picture(models.Model):
    """A member's picture as bytes.

    It takes about 10 KB, so the database stores it: the worker that creates it and the web process
    that serves it need no shared disk, and picture and profile change in one transaction.
    """

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True)
    webp = models.BinaryField()

    objects: ClassVar[models.Manager[Picture]] = models.Manager()

    def __str__(self) -> str:
        return f"Picture of {self.user_id}"


class Attempt(models.Model):
    """One attempt at something whose number of attempts is limited.

    Attempts are in the database so that all processes of the site count together.
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
    """Return the member's profile; create it for accounts made on the command line."""
    profile, _ = Profile.objects.get_or_create(
        user=user, defaults={"name": user.get_full_name() or user.get_username()[:NAME_LENGTH]}
    )
    return profile
