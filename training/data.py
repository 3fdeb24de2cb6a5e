"""Crops to learn from: every picture of a folder at several scales, and pictures drawn by the decoy styles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

Picture = NDArray[np.uint8]
SUFFIXES = {".png", ".jpg", ".jpeg", ".webp"}
# Mimicry trainers scale pictures to 512-1024 px; 384 adds the coarse end.
SHORT_SIDES = (384, 512, 768, 1024)


def _over_white(image: Image.Image) -> Image.Image:
    if image.mode in {"RGBA", "LA", "PA", "P"}:
        rgba = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
    return image.convert("RGB")


def load_folder(folder: Path) -> list[list[Picture]]:
    """Every picture below `folder`, each at the SHORT_SIDES it is large enough for (the smallest always)."""
    pictures: list[list[Picture]] = []
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES):
        image = _over_white(Image.open(path))
        scales: list[Picture] = []
        for short in SHORT_SIDES:
            scale = short / min(image.size)
            if scale > 1.0 and scales:
                break
            size = (max(short, round(image.width * scale)), max(short, round(image.height * scale)))
            scales.append(np.asarray(image.resize(size, Image.Resampling.LANCZOS)))
        pictures.append(scales)
    return pictures


class Crops:
    """Draws random crops. Each picture is as likely as any other, each of its scales too."""

    def __init__(self, pictures: list[list[Picture]], seed: int) -> None:
        self.pictures = pictures
        self.rng = np.random.default_rng(seed)

    def draw(self, count: int, size: int) -> Tensor:
        """(count, 3, size, size) float32 in [0, 1]; mirrored half of the time, one in eight made grey."""
        out = np.empty((count, size, size, 3), np.uint8)
        for slot in range(count):
            scales = self.pictures[self.rng.integers(len(self.pictures))]
            picture = scales[self.rng.integers(len(scales))]
            top = self.rng.integers(picture.shape[0] - size + 1)
            left = self.rng.integers(picture.shape[1] - size + 1)
            crop = picture[top : top + size, left : left + size]
            if self.rng.random() < 0.5:
                crop = crop[:, ::-1]
            if self.rng.random() < 0.125:
                crop = np.repeat(crop.mean(2, keepdims=True).astype(np.uint8), 3, axis=2)
            out[slot] = crop
        return torch.from_numpy(out).permute(0, 3, 1, 2).float() / 255
