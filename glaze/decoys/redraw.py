"""Omega: the artwork redrawn in the style of a decoy, by a patch match in latent space.

Every 3x3 patch of the artwork's latent takes the decoy's most similar one (cosine, after each channel of either was
normalised, so that structure is matched and not colour). The pixels under the chosen patches are laid down in their
place, blended where they overlap. The paper redraws with Stable Diffusion's img2img (diffusion.py), which has to be
downloaded; this keeps the content in place and brings the decoy's own strokes in one pass. All families use one
correspondence, found on their latents together, so what they are drawn toward is one picture. Pixels are laid and not
latents, because no decoder is as sharp as the decoy itself.

The redrawn picture keeps the artwork's own broad colours (what a blur leaves) and takes the decoy's texture. No budget
that people accept lets a glaze repaint a palette, and what it spends on trying tints the whole picture; toward
texture alone it gets further (docs/measured.md).
"""

from __future__ import annotations

from typing import Final

import torch
from kornia.filters import gaussian_blur2d
from torch import Tensor
from torch.nn import functional as F

from glaze.encoders import Encoder, padded
from glaze.network import STRIDE

PATCH: Final = 3
BROAD: Final = 12.0  # sigma of the blur that leaves an artwork's broad colours, in pixels of the canvas
CHUNK: Final = 2048  # patches matched at once, which bounds the memory


def _normalised(latents: Tensor) -> Tensor:
    mean = latents.mean((2, 3), keepdim=True)
    return (latents - mean) / (latents.std((2, 3), keepdim=True) + 1e-4)


def correspondence(artwork: Tensor, decoy: Tensor) -> Tensor:
    """For each 3x3 patch of the artwork's latent, the index of the decoy's most similar patch.

    (1, C, h, w) and (1, C, H, W) -> (h * w,) of values below H * W.
    """
    patches = F.unfold(_normalised(artwork), PATCH, padding=PATCH // 2)[0].T
    choices = F.normalize(F.unfold(_normalised(decoy), PATCH, padding=PATCH // 2)[0], dim=0)
    return torch.cat([(chunk @ choices).argmax(1) for chunk in patches.split(CHUNK)])


def rearrange(decoy: Tensor, chosen: Tensor, size: tuple[int, int]) -> Tensor:
    """Lay the pixels under the chosen latent patches side by side.

    decoy (1, 3, H, W) in [0, 1]; chosen (h * w,); size: (h, w) in latent cells -> (1, 3, 8h, 8w) in [0, 1]. Each
    patch of 24x24 px is weighted by a squared Hann window: the cell it was chosen for comes out as in the decoy, its
    neighbours blend in at the borders.
    """
    side = PATCH * STRIDE
    layout = {"kernel_size": side, "padding": (side - STRIDE) // 2, "stride": STRIDE}
    decoy = F.pad(decoy, (0, -decoy.shape[3] % STRIDE, 0, -decoy.shape[2] % STRIDE), mode="replicate")
    patches = F.unfold(decoy, **layout)[:, :, chosen]
    hann = torch.hann_window(side + 2, periodic=False)[1:-1].square()
    window = torch.outer(hann, hann).flatten().repeat(3)[None, :, None].expand_as(patches)
    pixels = (size[0] * STRIDE, size[1] * STRIDE)
    return F.fold(patches * window, pixels, **layout) / F.fold(window.contiguous(), pixels, **layout)


def _broad(picture: Tensor) -> Tensor:
    """What is left of (1, 3, h, w) after a wide blur, sigma BROAD pixels or an eighth of a small picture's side."""
    sigma = min(BROAD, min(picture.shape[2:]) / 8)
    size = 2 * round(3 * sigma) + 1
    blurred: Tensor = gaussian_blur2d(picture, (size, size), (sigma, sigma))
    return blurred


def _on_grid(latent: Tensor, size: tuple[int, int]) -> Tensor:
    """A latent (1, C, h, w) of larger or smaller cells on a grid of (rows, columns), each cell staying in its place."""
    if latent.shape[2:] == size:
        return latent
    # The last cells may reach beyond the picture: small ones are made to fill the grid, large ones are cut to it.
    latent = padded(latent, max(-(-cells // wanted) for cells, wanted in zip(latent.shape[2:], size, strict=True)))
    whole = [
        cells * -(-wanted // cells) if cells < wanted else wanted
        for cells, wanted in zip(latent.shape[2:], size, strict=True)
    ]
    latent = F.interpolate(latent, whole, mode="bilinear", antialias=True, align_corners=False)
    return latent[:, :, : size[0], : size[1]]


def _side_by_side(picture: Tensor, encoder: Encoder) -> Tensor:
    """The latents of all families of a picture (1, 3, h, w) on one grid: (1, C, ceil(h/8), ceil(w/8))."""
    size = (-(-picture.shape[2] // STRIDE), -(-picture.shape[3] // STRIDE))
    return torch.cat([_on_grid(latent, size) for latent in encoder.encode(picture).values()], 1)


@torch.no_grad()
def redraw(artwork: Tensor, decoy: Tensor, encoder: Encoder) -> Tensor:
    """The artwork (1, 3, h, w) redrawn in the style of the decoy (1, 3, H, W): (1, 3, h, w) in [0, 1]."""
    seen, style = (_side_by_side(picture, encoder) for picture in (artwork, decoy))
    chosen = correspondence(seen, style).to(decoy.device)  # the encoder may look elsewhere
    height, width = artwork.shape[2:]
    drawn = rearrange(decoy, chosen, (seen.shape[2], seen.shape[3]))[:, :, :height, :width]
    return in_own_colours(drawn, artwork)


def in_own_colours(drawn: Tensor, artwork: Tensor) -> Tensor:
    """A redrawn picture with the artwork's broad colours in the place of its own; both (1, 3, h, w) in [0, 1].

    However it was redrawn: what is said above of the budget is true of any goal. Of Stable Diffusion's it was not
    measured yet.
    """
    return (drawn + _broad(artwork) - _broad(drawn)).clamp(0, 1)
