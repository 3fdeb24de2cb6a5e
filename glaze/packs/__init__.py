"""Packs: networks besides the bundled one. What there are, which are here, and what a glaze uses of them.

Nothing here knows the network: `glaze.download` brings what is missing, and is asked by hand alone.
"""

from glaze.packs.installed import (
    CLIP,
    STABLE_DIFFUSION,
    Through,
    as_installed,
    encoders,
    folder_of,
    remove,
    through,
    ways,
)
from glaze.packs.look import Found, State, look, verify
from glaze.packs.manifest import STANDARD, STUDIO, Item, Licence, Pack, Source, load_pack, load_packs
from glaze.packs.place import packs_folder, weights_folder

__all__ = [
    "CLIP",
    "STABLE_DIFFUSION",
    "STANDARD",
    "STUDIO",
    "Found",
    "Item",
    "Licence",
    "Pack",
    "Source",
    "State",
    "Through",
    "as_installed",
    "encoders",
    "folder_of",
    "load_pack",
    "load_packs",
    "look",
    "packs_folder",
    "remove",
    "through",
    "verify",
    "ways",
    "weights_folder",
]
