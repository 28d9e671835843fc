"""Reads posts from CSV files."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO
from itertools import islice
from typing import NamedTuple

COLUMNS = ("board", "title", "text")
MAX_BYTES = 1024 * 1024
MAX_ROWS = 1000


class Row(NamedTuple):
    """A row of a file.

    Attributes:
        number: of the row in the file, as spreadsheets count: the names of the columns are row 1.
        board: the name of a board.
    """

    number: int
    board: str
    title: str
    text: str


class UnusableFile(ValueError):
    """The file is not a table of posts; the message is shown to the person who uploaded it."""


def read_rows(content: bytes) -> list[Row]:
    """Return the rows of a file that are not empty.

    Args:
        content: of a CSV file in UTF-8, with a comma or a semicolon between two values.

    Raises:
        UnusableFile: with the reason.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnusableFile("This file is not UTF-8. Please export it as “CSV UTF-8”.") from error
    try:
        rows = list(islice(_rows(text.replace("\0", "")), MAX_ROWS + 1))
    except csv.Error as error:
        raise UnusableFile(f"This is not a CSV file: {error}.") from error
    if not rows:
        raise UnusableFile("This file has no rows below its first line.")
    if len(rows) > MAX_ROWS:
        raise UnusableFile(f"This file has more than {MAX_ROWS:,} rows. Please split it.")
    return rows


def _rows(text: str) -> Iterator[Row]:
    head = text.partition("\n")[0]
    reader = csv.reader(StringIO(text, newline=""), delimiter=";" if ";" in head else ",")
    names = [name.strip().lower() for name in next(reader, [])]
    missing = [column for column in COLUMNS if column not in names]
    if missing:
        raise UnusableFile(f"The first line does not name these columns: {', '.join(missing)}.")
    for number, values in enumerate(reader, start=2):
        if any(value.strip() for value in values):
            found = dict(zip(names, values, strict=False))
            yield Row(number, *(found.get(column, "").strip() for column in COLUMNS))
