"""A member's picture brought in line with the address they asked for."""

from __future__ import annotations

from hashlib import blake2b

from django.db import transaction
from django.utils import timezone

from accounts.models import Picture, PictureState, Profile
from accounts.pictures.download import download
from accounts.pictures.image import square_webp
from accounts.pictures.rules import PUBLIC, Rules


def ask_for_picture(profile: Profile, address: str) -> None:
    """Note which picture the member wants from now on."""
    profile.picture_address = address
    profile.picture_state = PictureState.FETCHING
    profile.picture_problem = ""
    profile.picture_asked_at = timezone.now()
    profile.save()


def update_picture(user_id: int, address: str, rules: Rules = PUBLIC) -> bool:
    """Fetch the picture, then put it in the place of the old one.

    Running it twice gives the same picture. It does nothing once the member has asked for
    another one, so an old job that is late cannot undo a newer wish.

    Args:
        user_id: whose picture.
        address: the address the member gave.
        rules: what may be fetched.

    Returns:
        Whether the member has this picture now.

    Raises:
        PictureRefused: this address will never do.
        PictureUnavailable: it did not work this time.
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


def note_problem(user_id: int, address: str, sentence: str, *, final: bool) -> None:
    """Tell the member what went wrong, on their profile page.

    Args:
        user_id: whose picture.
        address: the address it is about; a newer wish is left alone.
        sentence: the reason, in words for the member.
        final: whether nothing more will be tried.
    """
    Profile.objects.filter(user_id=user_id, picture_address=address).update(
        picture_state=PictureState.FAILED if final else PictureState.FETCHING,
        picture_problem=sentence if final else f"{sentence} We will try again shortly.",
    )


def remove_picture(profile: Profile) -> None:
    """Forget the picture with everything about it."""
    with transaction.atomic():
        Picture.objects.filter(user_id=profile.pk).delete()
        profile.picture_address = profile.picture_problem = profile.picture_digest = ""
        profile.picture_state = PictureState.NONE
        profile.save()
