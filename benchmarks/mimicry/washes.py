"""What a mimic does to pictures before learning from them, with ordinary tools, on finished 8-bit pictures."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
from PIL import Image, ImageFilter

from benchmarks.mimicry.space import Space
from benchmarks.visible import grain
from glaze.canvas import to_tensor

Wash = Callable[[Image.Image], Image.Image]

UNWASHED: Final = "none"
ROUND_TRIP: Final = "round-trip"


def jpeg75(picture: Image.Image) -> Image.Image:
    """Saved as a JPEG of quality 75."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=75)
    return Image.open(buffer).convert("RGB")


def resized(picture: Image.Image) -> Image.Image:
    """At half the size, and back."""
    small = picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.LANCZOS)
    return small.resize(picture.size, Image.Resampling.BICUBIC)


def blurred(picture: Image.Image) -> Image.Image:
    """Blurred with a sigma of 1 px."""
    return picture.filter(ImageFilter.GaussianBlur(1.0))


def upscale_proxy(picture: Image.Image) -> Image.Image:
    """A proxy of noisy upscaling, and weaker: noise of sigma .1, half the size and back, non-local means.

    Noisy upscaling itself (Hoenig et al. 2024, arXiv:2406.12027) gives the noisy picture to a diffusion upscaler.
    """
    from skimage.restoration import denoise_nl_means

    noisy = resized(Image.fromarray(grain(np.asarray(picture), 25.5)))
    numbers = np.asarray(noisy).astype(np.float32) / 255
    clean = denoise_nl_means(numbers, 5, 6, h=0.06, fast_mode=True, channel_axis=2)
    return Image.fromarray(np.clip(np.rint(clean * 255), 0, 255).astype(np.uint8))


def through(space: Space) -> Wash:
    """A round trip through an autoencoder, as img2img at a low strength begins and ends."""

    def trip(picture: Image.Image) -> Image.Image:
        shown = space.trip(to_tensor(picture))[0].permute(1, 2, 0)
        return Image.fromarray((shown * 255).round().byte().numpy())

    return trip


PLAIN: Final[Mapping[str, Wash]] = MappingProxyType(
    {
        UNWASHED: lambda picture: picture,
        "jpeg75": jpeg75,
        "half": resized,
        "blur": blurred,
        "upscale-proxy": upscale_proxy,
    }
)
WASHES: Final = (*PLAIN, ROUND_TRIP)
