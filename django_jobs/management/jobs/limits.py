"""`jobs limits`: list limits and their keys, and change, pause and resume them."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from django.core.management.base import CommandError

from django_jobs.backends.base import JobBackend
from django_jobs.brokers.inspection.limit_keys import KeyList, list_keys, search_keys
from django_jobs.brokers.inspection.limits import LimitInfo, LimitKeyInfo
from django_jobs.jobs.limits import LimitKind
from django_jobs.management.arguments import at_least, checked
from django_jobs.management.formatting import format_time, printable
from django_jobs.suggest import unknown_name

from .base import USAGE_ERROR, ViewSubcommand
from .console import Console
from .json_output import limit_json, limit_key_json

KINDS = {kind.word: kind for kind in LimitKind}
DEFAULT_COUNT = 50
CHANGES = ("set", "reset", "pause", "resume")


class Limits(ViewSubcommand):
    name = "limits"
    help = "Lists the limits that jobs have met, or the keys of one; changes and pauses them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        add = parser.add_argument
        add(
            "name",
            metavar="NAME",
            nargs="?",
            help="Name of a limit, or of the task that has it: its dotted path, or the last parts"
            " of it. Without a name, all limits are listed.",
        )
        add("--kind", choices=tuple(KINDS), metavar="KIND", help="Only these: limit, rate.")
        add("--key", metavar="KEY", help="Only this key, with the jobs that run and wait.")
        add("--text", metavar="TEXT", help="Only keys that have this text.")
        add(
            "--limit",
            type=checked(at_least(1)),
            default=DEFAULT_COUNT,
            metavar="N",
            help="Number of keys to list. Defaults to %(default)s.",
        )
        add(
            "--offset",
            type=checked(at_least(0)),
            default=0,
            metavar="N",
            help="Number of keys to skip.",
        )
        add = parser.add_mutually_exclusive_group().add_argument
        add(
            "--set",
            type=checked(at_least(1)),
            metavar="N",
            help="Give each key N slots, whatever the code declares.",
        )
        add("--reset", action="store_true", help="Go back to the number that the code declares.")
        add("--pause", action="store_true", help="Start none of the jobs until --resume.")
        add("--resume", action="store_true", help="Start jobs again.")

    def handle_backend(self, backend: JobBackend, console: Console, options: Namespace) -> None:
        _check(options)
        found = _find(backend.broker.inspection.limits.all(), options.name, options.kind)
        if any(getattr(options, change) for change in CHANGES):
            _change(backend, console, _only(found, options), options)
        elif options.name is None:
            _show_limits(backend, console, found, options)
        else:
            listed = [(limit, _keys(backend, limit, options)) for limit in found]
            _show_keys(console, listed, options)


def _check(options: Namespace) -> None:
    """Refuse combinations of arguments that mean nothing."""
    change = next((one for one in CHANGES if getattr(options, one)), None)
    needs_name = change or options.key is not None or options.text is not None or options.offset
    problem = None
    if needs_name and options.name is None:
        problem = "name the limit, as manage.py jobs limits lists it."
    elif change and options.watch:
        problem = f"--watch shows the list: leave out --{change}."
    elif change in {"set", "reset"} and options.key is not None:
        problem = f"--{change} holds for all keys of a limit: leave out --key."
    elif options.text is not None and (change or options.key is not None or options.offset):
        problem = "--text searches for keys: leave out --key, --offset and changes."
    if problem:
        raise CommandError(problem, returncode=USAGE_ERROR)


def _find(known: Sequence[LimitInfo], name: str | None, kind: str | None) -> tuple[LimitInfo, ...]:
    """Return the limits of a name or a task, and of a kind.

    Raises:
        CommandError: there is none.
    """
    of_kind = tuple(limit for limit in known if kind is None or limit.kind is KINDS[kind])
    if name is None:
        return of_kind
    found = tuple(limit for limit in of_kind if limit.name == name)
    found = found or tuple(limit for limit in of_kind if limit.is_of_task(name))
    if not found:
        raise CommandError(unknown_name("limit", name, sorted({limit.name for limit in of_kind})))
    return found


def _only(found: Sequence[LimitInfo], options: Namespace) -> LimitInfo:
    """Return the one limit that is meant.

    Raises:
        CommandError: there are several.
    """
    if len(found) > 1:
        choices = ", ".join(f"{limit.kind.word} {printable(limit.name)}" for limit in found)
        raise CommandError(
            f"{options.name!r} stands for {len(found)} limits: {choices}. Give the whole name of"
            " one, and --kind.",
            returncode=USAGE_ERROR,
        )
    return found[0]


def _change(backend: JobBackend, console: Console, limit: LimitInfo, options: Namespace) -> None:
    limits, key = backend.broker.inspection.limits, options.key
    what = (
        printable(limit.name) if key is None else f"key {printable(key)} of {printable(limit.name)}"
    )
    if options.set or options.reset:
        try:
            limits.set_number(limit.id, options.set)
        except ValueError as error:
            raise CommandError(f"--set: {error}") from error
        number = options.set or limit.n
        said = f"{what}: {_slots(number, limit.per)}" + (
            f" until manage.py jobs limits {printable(limit.name)} --reset."
            if options.set
            else ", as the code declares."
        )
    elif options.pause:
        limits.pause(limit.id) if key is None else limits.pause_key(limit.id, key)
        said = f"{what} is paused: its jobs wait until --resume. Running jobs go on."
    else:
        limits.resume(limit.id) if key is None else limits.resume_key(limit.id, key)
        said = f"{what} is resumed."
    if options.json:
        [changed] = [one for one in limits.all() if one.id == limit.id]
        keys = [] if key is None else limits.read(limit.id, [key])
        console.show_json({**limit_json(changed), "keys": [limit_key_json(one) for one in keys]})
    else:
        console.info(said)


def _keys(backend: JobBackend, limit: LimitInfo, options: Namespace) -> KeyList:
    inspection = backend.broker.inspection
    if options.key is not None:
        return KeyList(inspection.limits.read(limit.id, [options.key]))
    if options.text is not None:
        return search_keys(inspection, limit.id, options.text, count=options.limit)
    return list_keys(inspection, limit.id, offset=options.offset, count=options.limit)


def _show_limits(
    backend: JobBackend, console: Console, found: Sequence[LimitInfo], options: Namespace
) -> None:
    if options.json:
        console.show_json([limit_json(limit) for limit in found])
    elif found:
        console.show_table(
            ("Limit", "Slots of each key", "State", "Waiting jobs", "Keys with waiting jobs"),
            [
                (limit.name, _numbers(limit), _state(limit), limit.waiting, limit.keys)
                for limit in found
            ],
        )
    else:
        console.info("No job has met a limit yet.")


def _show_keys(
    console: Console, listed: Sequence[tuple[LimitInfo, KeyList]], options: Namespace
) -> None:
    if options.json:
        console.show_json(
            [
                {
                    **limit_json(limit),
                    "keys": [limit_key_json(key) for key in (*keys.waiting, *keys.others)],
                }
                for limit, keys in listed
            ]
        )
        return
    for limit, keys in listed:
        console.out.write(f"{printable(limit.name)}: {_numbers(limit)}, {_state(limit)}")
        shown = (*keys.waiting, *keys.others)
        if shown:
            console.show_table(
                ("Key", "Slots used", "Waiting jobs", "Next slot", "State"),
                [_row(key) for key in shown],
            )
        else:
            console.info("No key is in use." if options.text is None else "No key has this text.")
        if options.key is not None:
            _show_jobs(console, shown[0])
        if keys.next_offset is not None:
            console.info(f"\nThere are more: continue with --offset {keys.next_offset}.")


def _row(key: LimitKeyInfo) -> tuple[str | int, ...]:
    return (
        *(key.value or "(all jobs)", key.used, key.waiting),
        format_time(key.opens_at),
        "paused" if key.paused else "active",
    )


def _show_jobs(console: Console, key: LimitKeyInfo) -> None:
    """Write which jobs hold the slots of a key, and which wait."""
    for heading, ids, number in (
        ("Running", key.holders, len(key.holders) and key.used),
        ("Waiting", key.waiters, key.waiting),
    ):
        for job_id in ids:
            console.out.write(f"{heading}  {printable(job_id)}")
        if number > len(ids):
            console.out.write(f"{heading}  and {number - len(ids):,} more")


def _numbers(limit: LimitInfo) -> str:
    declared = "" if limit.own is None else f" (declared: {limit.n})"
    return f"{_slots(limit.number, limit.per)}{declared}"


def _slots(number: int, per: int) -> str:
    return f"{number} per {per / 1000:g} s" if per else f"{number} at once"


def _state(limit: LimitInfo) -> str:
    return "paused" if limit.paused else "active"
