"""The genre read-out: which of WikiArt's genres CLIP takes a picture for, zero-shot, as in the paper."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from glaze.encoders.saved import NoSafetensors, NotWhole, load_saved, load_tokenizer, quiet, reading
from glaze.errors import WeightsError
from glaze.packs import STUDIO
from glaze.precision import fastest_precision

# The 27 that the WikiArt data set sorts its paintings by.
GENRES: Final = (
    "abstract expressionism",
    "action painting",
    "analytical cubism",
    "art nouveau",
    "baroque",
    "color field painting",
    "contemporary realism",
    "cubism",
    "early renaissance",
    "expressionism",
    "fauvism",
    "high renaissance",
    "impressionism",
    "mannerism",
    "minimalism",
    "naive art",
    "new realism",
    "northern renaissance",
    "pointillism",
    "pop art",
    "post-impressionism",
    "realism",
    "rococo",
    "romanticism",
    "symbolism",
    "synthetic cubism",
    "ukiyo-e",
)
LIKELIEST: Final = 3
PROMPT: Final = "a painting in the style of {}"


@torch.no_grad()
def likeliest(picture: NDArray[np.uint8], folder: Path, device: torch.device) -> tuple[str, ...]:
    """The LIKELIEST genres of a picture (h, w, 3) uint8, the likeliest first.

    folder  where CLIP is, as transformers saves it. It is let go of afterwards: it would take gigabytes from the loop.
    Raises WeightsError (pack_damaged).
    """
    with quiet("transformers"):
        from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

        try:
            with reading(folder):
                # The one that transformers gives by itself needs torchvision.
                prepare = CLIPImageProcessorPil.from_pretrained(folder, local_files_only=True)
            tokenize = load_tokenizer(folder)
            model = load_saved("transformers", "CLIPModel", folder).to(device, fastest_precision(str(device)))
            with reading(folder):
                pixels = prepare(Image.fromarray(picture), return_tensors="pt")["pixel_values"]
                words = tokenize([PROMPT.format(genre) for genre in GENRES], padding=True, return_tensors="pt")
        except (NoSafetensors, NotWhole) as error:
            raise WeightsError("pack_damaged", path=folder, pack=STUDIO) from error
        found = model(**words.to(device), pixel_values=pixels.to(device, model.dtype))
    order = found.logits_per_image[0].float().argsort(descending=True)[:LIKELIEST]
    return tuple(GENRES[index] for index in order.tolist())
