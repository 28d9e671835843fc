"""Write deployment files where they belong, and overwrite none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.core.management.base import CommandError

from .plan import DeploymentFile


def write_all(files: Sequence[DeploymentFile]) -> Iterator[str]:
    """Write files, and yield what became of each.

    Raises:
        CommandError: a place holds another file, then nothing is written; or one cannot be written.
    """
    taken = [file for file in files if _stands_there(file) not in (None, file.text)]
    if taken:
        raise CommandError(
            "\n".join(
                f"{file.path} is there already and differs from the file for this project. Nothing"
                " was written."
                for file in taken
            )
            + "\nCompare it with what the command prints without --write; then move it away, or"
            " write elsewhere with --directory."
        )
    for file in files:
        yield _write(file)


def _stands_there(file: DeploymentFile) -> str | None:
    """Return the text of the file at a place, or None if there is none."""
    try:
        return file.path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CommandError(f"{file.path} cannot be read: {error.strerror}.") from error


def _write(file: DeploymentFile) -> str:
    try:
        with file.path.open("x", encoding="utf-8") as opened:
            opened.write(file.text)
    except FileExistsError:
        return f"{file.path} is there already, with this content."
    except OSError as error:
        raise CommandError(
            f"{file.path} cannot be written: {error.strerror}. Write elsewhere with --directory, or"
            " run the command as a user who may write there."
        ) from error
    return f"Wrote {file.path}."
