"""A command that ends right after it has enqueued."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from tests.apps.served.tasks import leave_effect


class Command(BaseCommand):
    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("count", type=int)
        parser.add_argument("seconds", type=float)

    def handle(self, *args: Any, count: int, seconds: float, **options: Any) -> None:
        for number in range(count):
            self.stdout.write(leave_effect.enqueue(number, seconds).id)
