"""The board in Django's admin."""

from __future__ import annotations

from django.contrib import admin

from feedback.models import Board, Comment, Post, Status


@admin.register(Board)
class BoardAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "summary", "position")
    prepopulated_fields = {"slug": ("name",)}


@admin.register(Status)
class StatusAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "colour", "on_roadmap", "position")
    prepopulated_fields = {"slug": ("name",)}


@admin.register(Post)
class PostAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("title", "board", "status", "author", "hidden", "created_at")
    list_filter = ("board", "status", "hidden")
    search_fields = ("title", "text")
    raw_id_fields = ("author",)


@admin.register(Comment)
class CommentAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("post", "author", "created_at")
    raw_id_fields = ("post", "author")
