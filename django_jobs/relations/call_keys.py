"""The key of a call: the values that `by` names, as a text that is the same in each process."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from hashlib import blake2b
from typing import Any
from uuid import UUID

from django.db.models import Model

from django_jobs.errors import UnserializableArgument

LONGEST = 100
"""Characters of a key; a longer one is replaced by its hash."""

DIGEST_BYTES = 12

PLAIN = (str, bool, int, Decimal, UUID, datetime, date, time, timedelta)
"""The types of values that a key may be made of."""


def key_of(where: str, values: Sequence[Any]) -> str | None:
    """Return values as a key: a single one as it is, several as JSON, None if all are None.

    Args:
        where: the task and the option, for messages.

    Raises:
        UnserializableArgument: a value cannot be a part of a key. The message does not have the
            value, which may be a secret.
    """
    if all(value is None for value in values):
        return None
    texts = [None if value is None else _plain(where, value) for value in values]
    key = texts[0] if len(texts) == 1 else json.dumps(texts, ensure_ascii=False)
    assert key is not None
    return hashed(key) if len(key) > LONGEST else key


def hashed(key: str) -> str:
    """Return what stands for a key that must not be shown."""
    return f"#{blake2b(key.encode(), digest_size=DIGEST_BYTES).hexdigest()}"


def _plain(where: str, value: Any) -> str:
    if isinstance(value, Model):
        raise UnserializableArgument(
            f"{where}: a {type(value).__name__} is no plain value. Name a field of it, such as"
            " 'customer.pk'."
        )
    if not isinstance(value, PLAIN):
        raise UnserializableArgument(
            f"{where}: a {type(value).__name__} cannot be a key. Give a text, a whole number, a"
            " Decimal, a UUID, a date or a time, or None for no key."
        )
    text = str(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UnserializableArgument(
            f"{where}: a text has characters that UTF-8 cannot write, so it cannot be a key."
        ) from None
    return text
