"""What harsher attempts than the ten of the yardstick leave of finished glazes.

    python -m benchmarks.washing --shared ../shared --out docs/washing.json

Glazes the eight squares of benchmarks.strength with the bundled network and tries two things on each. Rows are written
as they are done and not done again, so an interrupted run goes on where it stopped.

Noisy upscaling, the attempt that is known to work best: noise is added, the picture halved, cleaned and enlarged again.
A diffusion model does the cleaning in earnest; ordinary denoisers stand in for it here, so this is the least that it
does. `plain` has none, `means` non-local means (Buades et al. 2005), `variation` total variation (Chambolle 2004).

A round trip through a model, as every editor built on an image model makes: encoded, decoded and rounded by one
family's tiny autoencoder, and judged by the other three.

Original and glaze go through the same. Rows: the progress toward the decoy by family (what the yardstick calls so),
untouched and after each attempt.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from skimage.restoration import denoise_nl_means, denoise_tv_chambolle
from torch import Tensor

from benchmarks.art import square
from benchmarks.pictures import ONE_OF_EVERY_GENRE
from benchmarks.standings import FAMILIES
from glaze.glazing import glaze
from glaze.settings import GlazeSettings, Render

Picture = NDArray[np.uint8]
Cleaner = Callable[[NDArray[np.float64]], NDArray[np.float64]]

SIDE: Final = 512
SIGMA: Final = 0.1  # of the added noise, in parts of the whole range
LEFT_OF_IT: Final = 0.06  # after halving, which averages it: what the denoisers are told
CLEANERS: Final[dict[str, Cleaner]] = {
    "plain": lambda picture: picture,
    "means": lambda picture: denoise_nl_means(picture, h=0.8 * LEFT_OF_IT, sigma=LEFT_OF_IT, channel_axis=2),
    "variation": lambda picture: denoise_tv_chambolle(picture, weight=0.1, channel_axis=2),
}


def upscaled(picture: Picture, cleaner: Cleaner) -> Picture:
    """Noise, half the size, a cleaner there, and back."""
    noisy = picture / 255 + np.random.default_rng(5).normal(0, SIGMA, picture.shape)
    half = Image.fromarray((noisy.clip(0, 1) * 255).round().astype(np.uint8)).reduce(2)
    clean = cleaner(np.asarray(half) / 255)
    small = Image.fromarray((clean.clip(0, 1) * 255).round().astype(np.uint8))
    return np.asarray(small.resize((picture.shape[1], picture.shape[0]), Image.Resampling.BICUBIC))


def decoded(latents: Tensor, decoder: torch.nn.Module) -> Picture:
    """What an autoencoder makes of its own latents, as 8-bit pixels."""
    with torch.no_grad():
        picture: Tensor = decoder(latents)[0].clamp(0, 1)
    pixels: Picture = (picture * 255).round().byte().permute(1, 2, 0).numpy()
    return pixels


class Judge:
    """The yardstick's encoders."""

    def __init__(self) -> None:
        import nets  # type: ignore[import-not-found]  # the yardstick's, on sys.path since main()
        import yardstick  # type: ignore[import-not-found]

        self.spread: dict[str, float] = yardstick.SPREAD
        self.see: dict[str, Callable[[Picture], Tensor]] = {f: yardstick.encoder(f) for f in FAMILIES}
        self.decoders = {f: nets.load(nets.SHARED / "teachers" / f"{f}.safetensors", "decoder") for f in FAMILIES}

    def progress(self, family: str, before: Picture, after: Picture, goal: Picture) -> float:
        """The part of the distance between unrelated pictures that leads toward the decoy."""
        own, moved, aim = (self.see[family](picture) for picture in (before, after, goal))
        change, way = moved - own, aim - own
        toward = torch.cosine_similarity(change.flatten(), way.flatten(), 0).item()
        return toward * change.square().mean().sqrt().item() / self.spread[family]

    def row(self, before: Picture, after: Picture, goal: Picture) -> dict[str, dict[str, float]]:
        """Attempt -> family -> progress. "untouched" first; a round trip is not judged by its own family."""
        washed = {"untouched": (before, after)}
        washed |= {f"upscaled_{name}": (upscaled(before, c), upscaled(after, c)) for name, c in CLEANERS.items()}
        rows = {wash: {f: self.progress(f, *pair, goal) for f in FAMILIES} for wash, pair in washed.items()}
        for through, decoder in self.decoders.items():
            first, second = (decoded(self.see[through](picture), decoder) for picture in (before, after))
            rows[f"through_{through}"] = {f: self.progress(f, first, second, goal) for f in FAMILIES if f != through}
        return {wash: {f: round(value, 4) for f, value in row.items()} for wash, row in rows.items()}


def left(rows: list[dict[str, Any]], wash: str) -> float:
    """What an attempt leaves: the progress after it over the untouched file's, of the same families; means of both."""
    after = [value for row in rows for value in row["washes"][wash].values()]
    before = [row["washes"]["untouched"][family] for row in rows for family in row["washes"][wash]]
    return float(np.mean(after) / np.mean(before))


def glazed(shared: Path, name: str, folder: Path, render: Render) -> tuple[Picture, Picture, Picture]:
    """A square of the test art, its glaze, and the decoy that it was led toward."""
    original = square(min((shared / "art").glob(f"{name}.*")), folder)
    finished = glaze(original, GlazeSettings(render=render, save_decoy=True))
    assert finished.decoy
    first, second, third = (
        np.asarray(Image.open(path).convert("RGB")) for path in (original, finished.result, finished.decoy)
    )
    goal = np.asarray(Image.fromarray(third).resize((SIDE, SIDE), Image.Resampling.LANCZOS))
    return first, second, goal


def main() -> None:
    """Glaze, try everything, write the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, required=True, help="the folder that has yardstick/, teachers/ and art/")
    parser.add_argument("--render", type=Render, default=Render.DEFAULT, choices=list(Render))
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    sys.path.insert(0, str(args.shared / "yardstick"))
    judge = Judge()
    rows: list[dict[str, Any]] = json.loads(args.out.read_text()) if args.out.exists() else []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        # Whatever packs this computer has are not to decide.
        os.environ["GLAZE_PACKS"] = str(folder / "packs")
        for name in ONE_OF_EVERY_GENRE:
            if any(row["name"] == name for row in rows):
                continue
            washes = judge.row(*glazed(args.shared, name, folder, args.render))
            rows.append({"name": name, "render": str(args.render), "washes": washes})
            args.out.write_text(json.dumps(rows, indent=1) + "\n")
            print(name, {wash: round(left(rows[-1:], wash), 2) for wash in washes}, flush=True)


if __name__ == "__main__":
    main()
