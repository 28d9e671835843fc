"""Re-encodes an untrusted image as a small square picture."""

from __future__ import annotations

from io import BytesIO
from math import ceil
from threading import Lock

from PIL import Image, ImageOps, UnidentifiedImageError

from accounts.pictures.errors import PictureRefused

SIDE = 256
MAX_PIXELS = 4_000_000
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")

# A kilobyte may decode to dozens of megabytes, so each process decodes one image at a time.
_DECODING = Lock()


def square_webp(data: bytes) -> bytes:
    """Decode an image, and encode its centre as a new file.

    The new file has no metadata, no trailing bytes and no second frame.

    Args:
        data: an untrusted JPEG, PNG, WebP or GIF file.

    Returns:
        A WebP file of 256 by 256 pixels.

    Raises:
        PictureRefused: it is not such an image, or has too many pixels.
    """
    try:
        with _DECODING, Image.open(BytesIO(data), formats=FORMATS) as image:
            return _encode(_square(image))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels() from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        raise PictureRefused("The file at this address is not a picture we can read.") from error


def _square(image: Image.Image) -> Image.Image:
    # The header has the size, so this decodes no pixels.
    if image.width * image.height > MAX_PIXELS:
        raise _too_many_pixels()
    # Shrink first, because each further step copies all pixels.
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
