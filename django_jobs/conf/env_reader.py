"""Reads single environment variables, each with its prefix and its type."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import environ
from django.core.exceptions import ImproperlyConfigured

from django_jobs.conf.variables import Kind, Variable

BOOLEANS = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}

NUMBERS: dict[Kind, Callable[[str], float]] = {Kind.WHOLE_NUMBER: int, Kind.SECONDS: float}


@dataclass(frozen=True, slots=True)
class EnvReader:
    """Reads variables through django-environ, each with its prefix and defaults."""

    env: environ.Env

    def name(self, variable: Variable) -> str:
        """Return the full name of a variable, with the prefix."""
        return f"{self.env.prefix}{variable.name}"

    def text(self, variable: Variable) -> str:
        """Return the value of a variable, or "" if it is not set."""
        name = self.name(variable)
        if name not in self.env.ENVIRON and name not in self.env.scheme:
            return ""
        value = self.env.get_value(variable.name, cast=str)
        return "" if value is None else str(value).strip()

    def secret(self, variable: Variable) -> str:
        """Return the value of a variable unchanged, or "" if it is not set.

        django-environ treats a value that starts with `$` as the name of another variable, and
        would show the password in its message that this variable is missing.
        """
        value: str | None = self.env.ENVIRON.get(self.name(variable))
        return self.text(variable) if value is None else value.rstrip("\r\n")

    def switch(self, variable: Variable) -> bool:
        """Return the value of a boolean variable.

        Raises:
            ImproperlyConfigured: it is neither true nor false.
        """
        text = self.text(variable) or variable.default
        if text.lower() not in BOOLEANS:
            raise ImproperlyConfigured(f"{self.name(variable)}: give true or false, not {text!r}.")
        return BOOLEANS[text.lower()]

    def given(self, key: str, variable: Variable) -> dict[str, int]:
        """Return a key with the value of a variable, a whole number, if it is set.

        Raises:
            ImproperlyConfigured: it is not a whole number of 0 or more.
        """
        text = self.text(variable)
        if not text:
            return {}
        if not (text.isascii() and text.isdigit()):
            raise ImproperlyConfigured(
                f"{self.name(variable)}: give a whole number of 0 or more, not {text!r}."
            )
        return {key: int(text)}

    def value(self, variable: Variable) -> object:
        """Return the value of a variable that is set, in the type of its kind.

        A text that is no number is returned unchanged, for the message of the option's validator.

        Raises:
            ImproperlyConfigured: a boolean variable is neither true nor false.
        """
        if variable.kind is Kind.SWITCH:
            return self.switch(variable)
        text = self.text(variable)
        try:
            return NUMBERS[variable.kind](text) if variable.kind in NUMBERS else text
        except ValueError:
            return text
