"""Members of the demo data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """A person with an account."""

    name: str
    email: str
    password: str = ""
    role: str = "member"


ADMIN = Person("Ada Okafor", "admin@example.com", "larder-admin", "admin")
MODERATOR = Person("Mara Lindqvist", "moderator@example.com", "larder-moderator", "moderator")
MEMBER = Person("Tom Whitfield", "member@example.com", "larder-member")
# Accounts with a password; the others only write and vote.
ACCOUNTS = (ADMIN, MODERATOR, MEMBER)
OTHERS = (
    Person("Ines Carvalho", "ines@example.com"),
    Person("Jonas Weber", "jonas@example.com"),
    Person("Priya Raman", "priya@example.com"),
    Person("Lucía Ferrer", "lucia@example.com"),
    Person("Oluwaseun Bello", "seun@example.com"),
    Person("Hanna Nowak", "hanna@example.com"),
    Person("Kenji Mori", "kenji@example.com"),
    Person("Claire Dubois", "claire@example.com"),
    Person("Sam Ortega", "sam@example.com"),
    Person("Noor Haddad", "noor@example.com"),
    Person("Elsa Berg", "elsa@example.com"),
)
EVERYBODY = (*ACCOUNTS, *OTHERS)
