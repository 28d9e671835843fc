"""Models of every kind of row that a job may have to carry."""

# ruff: noqa: DJ008 - nobody reads these rows

from __future__ import annotations

import uuid

from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=50)


class Novelist(Author):
    """A child table: its primary key is the link to its parent."""

    genre = models.CharField(max_length=50)


class Pseudonym(Author):
    class Meta:
        proxy = True


class VisibleManager(models.Manager["Note"]):
    def get_queryset(self) -> models.QuerySet[Note]:
        return super().get_queryset().filter(hidden=False)


class Note(models.Model):
    """A row with a UUID for a key, which the usual manager may not show."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    hidden = models.BooleanField(default=False)

    objects = VisibleManager()


class Seat(models.Model):
    """A row with a composite key."""

    pk = models.CompositePrimaryKey("hall", "number")
    hall = models.CharField(max_length=10)
    number = models.IntegerField()
