"""Unknown bytes turned into a small square picture of our own."""

from __future__ import annotations

from io import BytesIO
from math import ceil
from threading import Lock

from PIL import Image, ImageOps, UnidentifiedImageError

from accounts.pictures.errors import PictureRefused

SIDE = 256
MAX_PIXELS = 4_000_000
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")

# A file of a kilobyte may unpack to dozens of megabytes: in one process, one does at a time.
_UNPACKING = Lock()


def square_webp(data: bytes) -> bytes:
    """Decode an image, then encode its middle anew.

    Nothing of the original file survives: no metadata, no trailing bytes, no second frame.

    Args:
        data: a JPEG, PNG, WebP or GIF file from a stranger.

    Returns:
        A WebP file of 256 by 256 pixels.

    Raises:
        PictureRefused: it is no such image, or it would unpack to too many pixels.
    """
    try:
        with _UNPACKING, Image.open(BytesIO(data), formats=FORMATS) as image:
            return _encode(_square(image))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels() from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        raise PictureRefused("The file at this address is not a picture we can open.") from error


def _square(image: Image.Image) -> Image.Image:
    # The size stands in the header: it is known before a single pixel is unpacked.
    if image.width * image.height > MAX_PIXELS:
        raise _too_many_pixels()
    # Made small before anything else, as each further step is a copy of all pixels.
    scale = 2 * SIDE / min(image.size)
    if scale < 1:
        image.thumbnail((ceil(image.width * scale), ceil(image.height * scale)))
    upright = ImageOps.exif_transpose(image)
    return ImageOps.fit(upright.convert("RGBA"), (SIDE, SIDE))


def _encode(image: Image.Image) -> bytes:
    target = BytesIO()
    image.save(target, "WEBP", quality=85, exif=b"", icc_profile=None)
    return target.getvalue()


def _too_many_pixels() -> PictureRefused:
    return PictureRefused(f"The picture has more than {MAX_PIXELS // 1_000_000} million pixels.")
