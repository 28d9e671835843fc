"""Imports, and what became of their rows."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import User
from django.db import models
from django.urls import reverse

from feedback.models import Post

PROBLEM_LENGTH = 200


class PostImport(models.Model):
    """A file of posts. Its rows are the jobs of a batch."""

    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="imports")
    file_name = models.CharField(max_length=100)
    row_count = models.PositiveIntegerField()
    batch_id = models.CharField(max_length=64, db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[PostImport]] = models.Manager()

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.file_name

    def get_absolute_url(self) -> str:
        return reverse("imports:import", args=[self.pk])


class ImportedRow(models.Model):
    """A row that was dealt with: it has a post, unless that was deleted, or a problem.

    It is written with the post. So a job that runs again imports nothing twice.
    """

    post_import = models.ForeignKey(PostImport, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField()
    post = models.ForeignKey(Post, on_delete=models.SET_NULL, null=True)
    problem = models.CharField(max_length=PROBLEM_LENGTH, blank=True)

    objects: ClassVar[models.Manager[ImportedRow]] = models.Manager()

    class Meta:
        ordering = ("number",)
        constraints = (
            models.UniqueConstraint("post_import", "number", name="each_row_is_imported_once"),
        )

    def __str__(self) -> str:
        return f"Row {self.number} of import {self.post_import_id}"
