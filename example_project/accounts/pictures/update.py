"""Replaces a member's picture."""

from __future__ import annotations

from hashlib import blake2b

from django.db import transaction
from django.utils import timezone

from accounts.models import Picture, PictureState, Profile
from accounts.pictures.download import download
from accounts.pictures.image import square_webp
from accounts.pictures.rules import PUBLIC, Rules


def request_picture(profile: Profile, address: str) -> None:
    """Save which picture the member wants."""
    profile.picture_address = address
    profile.picture_state = PictureState.FETCHING
    profile.picture_problem = ""
    profile.picture_requested_at = timezone.now()
    profile.save()


def update_picture(user_id: int, address: str, rules: Rules = PUBLIC) -> bool:
    """Download a picture, and replace the old one.

    It may run twice. It does nothing if the member has requested another picture since, so a late
    job cannot undo a newer request.

    Args:
        user_id: the member.
        address: the address of the picture.
        rules: the limits of the download.

    Returns:
        Whether the member has this picture now.

    Raises:
        PictureRefused: the address is not acceptable.
        PictureUnavailable: the download failed; retrying may help.
    """
    wanted = Profile.objects.filter(user_id=user_id, picture_address=address)
    if not wanted.exists():
        return False
    webp = square_webp(download(address, rules))
    digest = blake2b(webp, digest_size=16).hexdigest()
    with transaction.atomic():
        still_wanted = wanted.update(
            picture_state=PictureState.DONE, picture_problem="", picture_digest=digest
        )
        if still_wanted:
            Picture.objects.update_or_create(user_id=user_id, defaults={"webp": webp})
    return bool(still_wanted)


def save_problem(user_id: int, address: str, sentence: str, *, final: bool) -> None:
    """Save an error for the member's profile page.

    Args:
        user_id: the member.
        address: the address that failed; a newer request is left alone.
        sentence: the reason.
        final: whether there will be no further attempt.
    """
    Profile.objects.filter(user_id=user_id, picture_address=address).update(
        picture_state=PictureState.FAILED if final else PictureState.FETCHING,
        picture_problem=sentence if final else f"{sentence} We will try again shortly.",
    )


def remove_picture(profile: Profile) -> None:
    """Delete the picture."""
    with transaction.atomic():
        Picture.objects.filter(user_id=profile.pk).delete()
        profile.picture_address = profile.picture_problem = profile.picture_digest = ""
        profile.picture_state = PictureState.NONE
        profile.save()
