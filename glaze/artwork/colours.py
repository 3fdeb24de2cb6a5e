"""Colour profiles: which go into the result, and the way from CMYK and Lab to sRGB."""

from __future__ import annotations

import io
from typing import Final, NamedTuple

from PIL import Image, ImageCms

from glaze.artwork.picture import Note

MOST_IN_A_PROFILE: Final = 2**20 - 1
"""Bytes. Pillow, and so much of what would open the result, refuses a PNG with a larger profile."""

_FAULTS: Final = (ImageCms.PyCMSError, OSError, ValueError, TypeError, ImportError)
"""What Pillow raises on a profile that cannot be used; ImportError where it was built without Little CMS."""

_SPACES: Final = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK", "LAB": "Lab"}


class Plan(NamedTuple):
    """What becomes of a picture's colours.

    profile       goes into the result, empty for none.
    one_channel   the result is stored as grey.
    convert       pixels become sRGB: through `transform`, or by Pillow's rule of thumb where that is None.
    note          what to tell the artist, if anything.
    """

    profile: bytes = b""
    one_channel: bool = False
    convert: bool = False
    transform: ImageCms.ImageCmsTransform | None = None
    note: Note | None = None


def plan(mode: str, profile: bytes, *, deep: bool) -> Plan:
    """For pixels that are L, RGB, CMYK or LAB, with the profile of their file; `deep` for 16-bit.

    An RGB or grey profile is kept and the pixels are left alone.
    """
    if mode in ("CMYK", "LAB"):
        transform = _to_srgb(profile, mode)
        key = "lab_converted" if mode == "LAB" else "cmyk_converted" if transform else "cmyk_guessed"
        return Plan(convert=True, transform=transform, note=Note(key))
    grey = mode == "L"
    if not profile:
        return Plan(one_channel=grey)
    transform = _to_srgb(profile, mode)
    if len(profile) > MOST_IN_A_PROFILE and transform and not grey and not deep:
        return Plan(convert=True, transform=transform, note=Note("profile_converted"))
    if len(profile) <= MOST_IN_A_PROFILE and transform:
        return Plan(profile, one_channel=grey)
    if len(profile) <= MOST_IN_A_PROFILE and grey and _to_srgb(profile, "RGB"):
        # A grey PNG may only have a grey profile; stored as colour, nothing is lost.
        return Plan(profile)
    return Plan(one_channel=grey, note=Note("profile_dropped"))


def to_rgb(band: Image.Image, transform: ImageCms.ImageCmsTransform | None) -> Image.Image:
    """A part of a picture in RGB: through `transform`, or by Pillow's rule of thumb."""
    return transform.apply(band) if transform else band.convert("RGB")


def converted(picture: Image.Image, source: bytes, target: bytes) -> Image.Image | None:
    """An RGB picture from one RGB profile to another, 8 bits; empty for sRGB. None where one cannot be used."""
    try:
        before, after = (
            ImageCms.ImageCmsProfile(io.BytesIO(profile) if profile else ImageCms.createProfile("sRGB"))
            for profile in (source, target)
        )
        way = ImageCms.buildTransform(
            before,
            after,
            "RGB",
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        return way.apply(picture)
    except _FAULTS:
        return None


def _to_srgb(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """The way to 8-bit sRGB; None where the profile is damaged, or made for another kind of colours.

    Relative colorimetric with black point compensation, as painting programs do unless told otherwise.
    """
    try:
        source = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB") if mode == "LAB" else io.BytesIO(profile))
        if source.profile.xcolor_space.strip() != _SPACES[mode]:
            return None
        return ImageCms.buildTransform(
            source,
            ImageCms.createProfile("sRGB"),
            mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except _FAULTS:
        return None
