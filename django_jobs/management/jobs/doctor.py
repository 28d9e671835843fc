"""`jobs doctor`: inconsistencies of the store, and their repair."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter

from django.core.management.base import CommandError

from django_jobs.backends.base import JobBackend
from django_jobs.brokers.doctor import Diagnosis, Finding
from django_jobs.management.formatting import format_count

from .base import BackendSubcommand
from .console import Console
from .json_output import diagnosis_json

SHOWN = 20
"""How many findings of one kind are printed. JSON has all of them."""


class Doctor(BackendSubcommand):
    name = "doctor"
    help = "Finds inconsistencies in the store. Exits with 1 if any are left."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--repair", action="store_true", help="Repair them. Workers may keep running."
        )

    def handle_backend(self, backend: JobBackend, console: Console, options: Namespace) -> None:
        diagnosis = backend.broker.doctor.diagnose(repair=options.repair)
        if options.json:
            console.show_json(diagnosis_json(diagnosis))
        else:
            _show(diagnosis, console)
        if not diagnosis.is_good:
            raise CommandError(_summary(diagnosis, repaired=options.repair))


def _show(diagnosis: Diagnosis, console: Console) -> None:
    for finding in _shown(diagnosis.repaired, console):
        console.out.write(f"Repaired: {finding.problem}")
    for finding in _shown(diagnosis.left, console):
        if finding.is_remark:
            console.out.write(f"Note: {finding.problem}")
            continue
        console.out.write(finding.problem)
        if finding.repair:
            console.out.write(f"    --repair would {finding.repair}.")
    if not diagnosis.repaired and diagnosis.is_good:
        console.info("The store is consistent.")


def _shown(findings: Iterable[Finding], console: Console) -> Iterable[Finding]:
    """Yield some findings of each kind, and print how many more there are."""
    by_trouble = attrgetter("trouble")
    for trouble, alike in groupby(sorted(findings, key=by_trouble), by_trouble):
        chosen = list(alike)
        yield from chosen[:SHOWN]
        if chosen[SHOWN:]:
            console.out.write(f"… and {len(chosen) - SHOWN:,} more of {trouble.value}.")


def _summary(diagnosis: Diagnosis, *, repaired: bool) -> str:
    problems = [finding for finding in diagnosis.left if not finding.is_remark]
    found = format_count(len(problems), "problem")
    if repaired:
        return f"{found} left that could not be repaired now. Try again later."
    return f"{found} found. Repair with manage.py jobs doctor --repair."
