"""The form for a new import, and the form that checks a row."""

from __future__ import annotations

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat

from feedback.models import Post
from imports.csv_file import MAX_BYTES, MAX_ROWS, Row, UnusableFile, read_rows


class ImportForm(forms.Form):
    """A CSV file of posts."""

    file = forms.FileField(
        label="CSV file",
        allow_empty_file=True,
        help_text=(
            f"Columns: board, title, text. At most {MAX_ROWS:,} rows and"
            f" {filesizeformat(MAX_BYTES)}."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
    )

    rows: list[Row]

    def clean_file(self) -> UploadedFile[bytes]:
        """Read the rows."""
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > MAX_BYTES:
            raise forms.ValidationError(
                f"This file is larger than {filesizeformat(MAX_BYTES)}. Please split it."
            )
        try:
            self.rows = read_rows(file.read())
        except UnusableFile as error:
            raise forms.ValidationError(str(error)) from error
        return file


class RowForm(forms.ModelForm):  # type: ignore[type-arg]
    """A post as a row has it."""

    class Meta:
        model = Post
        fields = ("title", "text")

    def clean_title(self) -> str:
        """Return the title on one line, for lists and subjects of mails."""
        return " ".join(self.cleaned_data["title"].split())
