"""Model instances, which travel as references to their rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model

from django_jobs.errors import BrokenPayload, MissingRecord, UnknownModel


@dataclass(frozen=True, slots=True)
class ModelReference:
    """A reference to a row of a model, in a job's arguments.

    Attributes:
        label: the model, as in "auth.user".
        pk: its primary key; a tuple for a composite one.
        using: alias of the database.
    """

    label: str
    pk: Any
    using: str

    @classmethod
    def to(cls, instance: Model) -> Self:
        """Return the reference to a saved instance, or raise a ValueError with the reason."""
        pk = instance.pk
        if pk is None or (isinstance(pk, tuple) and None in pk):
            raise ValueError("it has no primary key. Save it first, or pass its values.")
        if instance._state.adding:  # noqa: SLF001 - documented by Django
            raise ValueError("it is not saved. Save it first, or pass its values.")
        return cls(instance._meta.label_lower, pk, instance._state.db or DEFAULT_DB_ALIAS)  # noqa: SLF001

    def fetch(self) -> Model:
        """Return the instance from its database.

        Raises:
            MissingRecord: the row was deleted.
            UnknownModel: no installed app has such a model.
            BrokenPayload: there is no such database, or the key is not valid for the model.
        """
        try:
            model = apps.get_model(self.label)
        except (LookupError, ValueError) as error:
            raise UnknownModel(self.label) from error
        if self.using not in connections:
            raise BrokenPayload(f"DATABASES has no {self.using!r}, where {self.label} was.")
        rows = model._base_manager.using(self.using)
        try:
            row = rows.filter(pk=self.pk)
        except (TypeError, ValueError, ValidationError) as error:
            raise BrokenPayload(
                f"{self.pk!r:.100} is not a primary key of {self.label}."
            ) from error
        try:
            instance: Model = row.get()
        except model.DoesNotExist:
            raise MissingRecord(self.label, self.pk) from None
        return instance

    def __str__(self) -> str:
        return f"{self.label} {self.pk}"
