"""What a model sees: a picture in, the latents of one or several families out.

The loop, the decoys and the report know only the protocol `Encoder`.
"""

from __future__ import annotations

from glaze.encoders.autoencoder import Autoencoder
from glaze.encoders.bundled import BundledEncoder
from glaze.encoders.encoder import SPREAD, Encoder, Latents, padded
from glaze.encoders.ensemble import Ensemble
from glaze.encoders.in_turn import InTurn, Turn
from glaze.encoders.registry import load_autoencoder, load_tiny

__all__ = [
    "SPREAD",
    "Autoencoder",
    "BundledEncoder",
    "Encoder",
    "Ensemble",
    "InTurn",
    "Latents",
    "Turn",
    "load_autoencoder",
    "load_tiny",
    "padded",
]
