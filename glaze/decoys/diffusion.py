"""Omega as in the paper: the artwork redrawn by Stable Diffusion's img2img, with the decoy's description as prompt.

Strength, guidance and steps are those with which others ran the method (docs/method.md). The model's safety checker is
left out: what it takes for offensive it replaces by a black picture, a nude study as well, and the cloak would then
lead toward black. What is redrawn is for encoders to look at and never leaves this computer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from glaze.canvas import MOST_ELONGATED
from glaze.device import PROCESSOR
from glaze.encoders.saved import NoSafetensors, NotWhole, load_saved, load_tokenizer, quiet, reading
from glaze.errors import Cancelled, WeightsError
from glaze.packs import STUDIO
from glaze.precision import channels_last, fastest_precision

STRENGTH: Final = 0.5  # of the steps, how many are done: what of the artwork goes under in noise
GUIDANCE: Final = 7.5
STEPS: Final = 50
# As parts of the side that the model was trained at. A longer picture goes in tiles, whose borders are blended.
LONGEST: Final = 1.5
OVERLAP: Final = 0.25

OnStep = Callable[[int, int], None]


@dataclass(frozen=True)
class Img2Img:
    """What a redrawn picture depends on, besides the artwork.

    folder  where Stable Diffusion is, as diffusers saves it. prompt: the decoy's description.
    seed    the same one gives the same picture on the same device.
    """

    folder: Path
    prompt: str
    seed: int

    def key(self, artwork: Tensor) -> str:
        """A name for the redrawn artwork (1, 3, h, w): equal only where it would come out the same."""
        pixels = (artwork[0] * 255).round().byte().cpu().numpy()
        recipe = (recipe_of(self.folder), self.prompt, self.seed, pixels.shape)
        return sha256(repr(recipe).encode() + pixels.tobytes()).hexdigest()

    def draw(
        self,
        artwork: Tensor,
        device: torch.device,
        cancelled: Callable[[], bool] = lambda: False,
        on_step: OnStep = lambda _step, _steps: None,
    ) -> Tensor:
        """The artwork (1, 3, h, w) in [0, 1] redrawn on `device`: (1, 3, h, w) in whole 8-bit levels, processor.

        on_step  is told how many steps are done, of how many in all tiles together.
        The model is let go of afterwards: it would take gigabytes from the loop, and loading it is quick beside that.
        Raises WeightsError (pack_damaged), and Cancelled between two steps.
        """
        _unless(cancelled)
        pipeline = _load(self.folder, device)
        cell, native = pipeline.vae_scale_factor, pipeline.unet.config.sample_size * pipeline.vae_scale_factor
        halvings = len(pipeline.unet.config.block_out_channels) - 1
        height, width = artwork.shape[2:]
        size = _size(height, width, native, cell, cell * 2**halvings)
        picture = resized(artwork.to(PROCESSOR), size)
        whole, weights = torch.zeros_like(picture), torch.zeros_like(picture[:, :1])
        tiles = list(_tiles(size, native, cell))

        def after_step(number: int, step: int, steps: int) -> None:
            on_step(number * steps + step, len(tiles) * steps)
            _unless(cancelled)

        for number, (rows, columns) in enumerate(tiles):
            tile = self._tile(pipeline, picture[:, :, rows, columns], number, partial(after_step, number))
            weight = _weight(tile)
            whole[:, :, rows, columns] += tile * weight
            weights[:, :, rows, columns] += weight
        drawn = resized(whole / weights, (height, width))
        if not drawn.isfinite().all():
            if device == PROCESSOR:
                raise WeightsError("pack_damaged", path=self.folder, pack=STUDIO)
            raise RuntimeError(f"{device} redrew the picture as something that is no number")
        return (drawn * 255).round() / 255

    def _tile(self, pipeline: Any, tile: Tensor, number: int, on_step: OnStep) -> Tensor:
        # Any seed will do, of whatever length; the dice are the processor's, so that each device gets the same noise.
        seed = int(np.random.SeedSequence([self.seed, number]).generate_state(1)[0])

        def after_step(_pipeline: Any, step: int, _time: Any, tensors: dict[str, Any]) -> dict[str, Any]:
            on_step(step + 1, pipeline.num_timesteps)
            return tensors

        drawn: Tensor = pipeline(
            prompt=self.prompt,
            image=tile,
            strength=STRENGTH,
            guidance_scale=GUIDANCE,
            num_inference_steps=STEPS,
            generator=torch.Generator().manual_seed(seed),
            output_type="pt",
            callback_on_step_end=after_step,
        ).images
        return drawn.to(PROCESSOR, torch.float32)


def recipe_of(folder: Path) -> Sequence[object]:
    """What all pictures depend on that the model in a folder redraws: the model itself and how it is used."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    model = [(str(f.relative_to(folder)), f.stat().st_size, f.stat().st_mtime_ns) for f in files]
    return model, STRENGTH, GUIDANCE, STEPS


def _unless(cancelled: Callable[[], bool]) -> None:
    if cancelled():
        raise Cancelled("cancelled")


def _load(folder: Path, device: torch.device) -> Any:
    """diffusers' img2img pipeline, put together from parts that are each known to be whole."""
    with quiet("diffusers", "transformers"):
        from diffusers import PNDMScheduler, StableDiffusionImg2ImgPipeline

        try:
            # Stable Diffusion's own. One that the files name could be any class.
            with reading(folder):
                scheduler = PNDMScheduler.from_pretrained(folder / "scheduler", local_files_only=True)
            pipeline = StableDiffusionImg2ImgPipeline(
                vae=load_saved("diffusers", "AutoencoderKL", folder / "vae"),
                text_encoder=load_saved("transformers", "CLIPTextModel", folder / "text_encoder"),
                tokenizer=load_tokenizer(folder / "tokenizer"),
                unet=load_saved("diffusers", "UNet2DConditionModel", folder / "unet"),
                scheduler=scheduler,
                safety_checker=None,
                feature_extractor=None,
                requires_safety_checker=False,
            )
        except (NoSafetensors, NotWhole) as error:
            raise WeightsError("pack_damaged", path=folder, pack=STUDIO) from error
        pipeline.to(device, fastest_precision(str(device)))
        for part in (pipeline.unet, pipeline.vae):
            channels_last(part)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _size(height: int, width: int, native: int, cell: int, least: int) -> tuple[int, int]:
    """The size to draw at: short side `native`, less when very elongated; whole cells, `least` at least."""
    scale = min(native / min(height, width), math.sqrt(native**2 * MOST_ELONGATED / (height * width)))
    rows, columns = (max(least, round(side * scale / cell) * cell) for side in (height, width))
    return rows, columns


def _tiles(size: tuple[int, int], native: int, cell: int) -> Iterator[tuple[slice, slice]]:
    """Rows and columns of the tiles, each whole cells; one where the picture is not longer than LONGEST."""
    for rows in _spans(size[0], native, cell):
        for columns in _spans(size[1], native, cell):
            yield rows, columns


def _spans(length: int, native: int, cell: int) -> list[slice]:
    tile = min(length, round(LONGEST * native / cell) * cell)
    number = 1 if tile == length else math.ceil((length - OVERLAP * native) / (tile - OVERLAP * native))
    starts = np.linspace(0, (length - tile) / cell, number).round().astype(int) * cell
    return [slice(int(start), int(start) + tile) for start in starts]


def _weight(tile: Tensor) -> Tensor:
    """(1, 1, h, w): the less the nearer to a side, never 0, so that one tile fades into the next."""
    down, across = (torch.minimum(place := torch.arange(side) + 0.5, side - place) for side in tile.shape[2:])
    return torch.outer(down, across)[None, None]


def resized(picture: Tensor, size: Sequence[int]) -> Tensor:
    """A picture (1, 3, h, w) in [0, 1] at another size (h, w)."""
    if picture.shape[2:] == torch.Size(size):
        return picture
    return F.interpolate(picture, tuple(size), mode="bicubic", antialias=True, align_corners=False).clamp(0, 1)
