"""Errors of picture downloads, with messages for the member."""

from __future__ import annotations


class PictureRefused(Exception):
    """The picture is not acceptable; retrying would not help."""


class PictureUnavailable(Exception):
    """The server did not send the picture; retrying may help."""
