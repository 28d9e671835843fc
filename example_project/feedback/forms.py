"""Forms of the board."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from django import forms
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone

from feedback.models import NOTE_LENGTH, Board, Comment, Post, Status

POSTS_PER_HOUR = 10
COMMENTS_PER_HOUR = 40


def _check_rate(recent: QuerySet[Any], limit: int) -> None:
    an_hour_ago = timezone.now() - timedelta(hours=1)
    if recent.filter(created_at__gte=an_hour_ago).count() >= limit:
        raise forms.ValidationError(
            "You have written a lot in the last hour. Please save your text and try again later."
        )


class PostForm(forms.ModelForm):  # type: ignore[type-arg]
    """A new post, or the changes of its author."""

    def __init__(self, *args: Any, author: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.author = author
        board = cast("forms.ModelChoiceField[Board]", self.fields["board"])
        board.empty_label = "Choose a board"

    class Meta:
        model = Post
        fields = ("board", "title", "text")
        labels = {"text": "Details"}
        help_texts = {
            "title": "One sentence that others will recognise.",
            "text": "What are you trying to do, and what keeps you from it?",
        }
        widgets = {"text": forms.Textarea(attrs={"rows": 8})}

    def clean_title(self) -> str:
        """Return the title on one line, for lists and subjects of mails."""
        return " ".join(self.cleaned_data["title"].split())

    def clean(self) -> dict[str, Any]:
        if self.instance.pk is None:
            _check_rate(Post.objects.filter(author=self.author), POSTS_PER_HOUR)
        return super().clean() or {}


class CommentForm(forms.ModelForm):  # type: ignore[type-arg]
    """A comment on a post."""

    def __init__(self, *args: Any, author: User | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.author = author

    class Meta:
        model = Comment
        fields = ("text",)
        labels = {"text": "Your comment"}
        widgets = {"text": forms.Textarea(attrs={"rows": 3})}

    def clean(self) -> dict[str, Any]:
        if self.author is not None:
            _check_rate(Comment.objects.filter(author=self.author), COMMENTS_PER_HOUR)
        return super().clean() or {}


class StatusForm(forms.Form):
    """A moderator's decision about a post."""

    status = forms.ModelChoiceField(
        Status.objects.all(), required=False, empty_label="Open", label="Status"
    )
    note = forms.CharField(
        max_length=NOTE_LENGTH,
        required=False,
        label="Note to the followers",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
