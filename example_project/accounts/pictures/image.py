"""Unknown bytes turned into a small square picture of our own."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageOps, UnidentifiedImageError

from accounts.pictures.errors import PictureRefused

SIDE = 256
MAX_PIXELS = 25_000_000
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")


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
        with Image.open(BytesIO(data), formats=FORMATS) as image:
            return _encode(_square(image))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels() from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        raise PictureRefused("The file at this address is not a picture we can open.") from error


def _square(image: Image.Image) -> Image.Image:
    # The size stands in the header: it is known before a single pixel is unpacked.
    if image.width * image.height > MAX_PIXELS:
        raise _too_many_pixels()
    image.draft("RGB", (2 * SIDE, 2 * SIDE))
    upright = ImageOps.exif_transpose(image)
    return ImageOps.fit(upright.convert("RGBA"), (SIDE, SIDE))


def _encode(image: Image.Image) -> bytes:
    target = BytesIO()
    image.save(target, "WEBP", quality=85, exif=b"", icc_profile=None)
    return target.getvalue()


def _too_many_pixels() -> PictureRefused:
    return PictureRefused(f"The picture has more than {MAX_PIXELS // 1_000_000} million pixels.")
