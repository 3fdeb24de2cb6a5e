"""Loading real autoencoders: folders that diffusers saved, and tiny ones in a single file.

A kind of autoencoder that diffusers knows is one entry of KINDS.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from glaze.encoders.autoencoder import Autoencoder, Sight
from glaze.encoders.encoder import SPREAD, measure_spread
from glaze.encoders.saved import NoSafetensors, NotWhole, load_saved, quiet
from glaze.encoders.tiny import TinyNetwork, read_tiny
from glaze.errors import WeightsError
from glaze.precision import channels_last, fastest_precision

Config = Mapping[str, Any]
Unrelated = Callable[[], Sequence[Tensor]]

# Names under which tiny autoencoders are published. Nothing in them says whose latents they imitate.
TINY_NAMES: Final = MappingProxyType(
    {"taesd": "sd1", "taesdxl": "sdxl", "taesd3": "sd3", "taef1": "flux1", "taef2": "flux2"}
)
# Channels and scaling_factor tell whose latents a full autoencoder gives, whatever its folder is called.
KL_SCALES: Final = MappingProxyType(
    {(4, 0.18215): "sd1", (4, 0.13025): "sdxl", (16, 1.5305): "sd3", (16, 0.3611): "flux1"}
)


@dataclass(frozen=True)
class Normal:
    """How a diffusion model gets the latents: (latent - shift) * scale, in patches of patch x patch cells.

    shift, scale  numbers, or (1, C * patch^2, 1, 1) with a channel's patch^2 cells side by side.
    """

    shift: Tensor | float
    scale: Tensor | float
    patch: int = 1

    def apply(self, latents: Tensor) -> Tensor:
        """Raw latents (N, C, h, w), h and w multiples of `patch`, as the diffusion model gets them, cells in place."""
        return F.pixel_shuffle((F.pixel_unshuffle(latents, self.patch) - self.shift) * self.scale, self.patch)

    def undo(self, latents: Tensor) -> Tensor:
        return F.pixel_shuffle(F.pixel_unshuffle(latents, self.patch) / self.scale + self.shift, self.patch)

    def to(self, device: str) -> Normal:
        shift, scale = (n.to(device) if isinstance(n, Tensor) else n for n in (self.shift, self.scale))
        return Normal(shift, scale, self.patch)


@dataclass(frozen=True)
class Kind:
    """One class of autoencoder of diffusers. All of them take and give pictures in [-1, 1].

    widths   the entry of config.json that lists the widths of the encoder's stages; each but the first halves the size.
    latents  what the loaded network says of pictures: the posterior's mean where there is a posterior.
    normal   what its pipelines do to the latents.
    family   the family a configuration belongs to, None where it does not tell.
    layers   the parts of the loaded network that end its encoder's stages.
    """

    widths: str
    latents: Callable[[Any, Tensor], Tensor]
    normal: Callable[[Any], Normal]
    family: Callable[[Config], str | None]
    layers: Callable[[Any], Sequence[nn.Module]]


def _mean(network: Any, pictures: Tensor) -> Tensor:
    mean: Tensor = network.encode(pictures).latent_dist.mean
    return mean


def _tiny_latents(network: Any, pictures: Tensor) -> Tensor:
    latents: Tensor = network.encode(pictures).latents
    return latents


def _blocks(network: Any) -> Sequence[nn.Module]:
    """A full autoencoder's: what each block gives, halved but for the last."""
    return list(network.encoder.down_blocks)


def _tiny_stages(layers: nn.Sequential) -> Sequence[nn.Module]:
    """A tiny autoencoder's: what comes before each halving but the first, and before the last layer but two."""
    halvings = [index for index, layer in enumerate(layers) if getattr(layer, "stride", None) == (2, 2)]
    return [*(layers[index - 1] for index in halvings[1:]), layers[-3]]


def _scaled(network: Any) -> Normal:
    """scaling_factor and shift_factor, or a mean and a deviation for each channel."""
    config = network.config
    scale, mean, deviation = config.scaling_factor, config.get("latents_mean"), config.get("latents_std")
    if mean and deviation:
        return Normal(torch.tensor(mean).view(1, -1, 1, 1), scale / torch.tensor(deviation).view(1, -1, 1, 1))
    return Normal(config.get("shift_factor") or 0.0, scale)


def _batch_normal(network: Any) -> Normal:
    """FLUX.2: patches of 2x2 cells, each of their numbers by its own mean and deviation, as the pipeline does it.

    The patches are then laid out as cells again: the numbers are those the model gets, on the grid of the autoencoder.
    That is how the family's tiny autoencoder and the bundled network give its latents, too.
    """
    shift = network.bn.running_mean.float().view(1, -1, 1, 1)
    scale = (network.bn.running_var.float() + network.config.batch_norm_eps).rsqrt().view(1, -1, 1, 1)
    return Normal(shift, scale, network.config.patch_size[0])


KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "AutoencoderTiny": Kind(
            "encoder_block_out_channels",
            _tiny_latents,
            _scaled,
            lambda _: None,
            lambda network: _tiny_stages(network.encoder.layers),
        ),
        "AutoencoderKL": Kind(
            "block_out_channels",
            _mean,
            _scaled,
            lambda config: KL_SCALES.get((config.get("latent_channels", 4), config.get("scaling_factor", 0.18215))),
            _blocks,
        ),
        "AutoencoderKLFlux2": Kind("block_out_channels", _mean, _batch_normal, lambda _: "flux2", _blocks),
    }
)


def load_autoencoder(
    path: Path, family: str | None = None, unrelated: Unrelated | None = None, device: str = "cpu"
) -> Autoencoder:
    """The autoencoder in a folder of diffusers, or in a .safetensors file (a tiny one), as an encoder.

    family     what to call what it sees; None: the family whose latents it gives where that can be told, else the
               name of the folder or file.
    unrelated  gives unrelated pictures (1, 3, H, W) of one size, from which the unit of a family is measured that has
               no SPREAD; called for no other.
    device     where it is to run, in the precision that is fastest there.
    Raises WeightsError (no_encoder, no_config, unknown_kind, no_safetensors, encoder_damaged, not_tiny), ValueError for
    a family without SPREAD where there are no pictures to measure it on.
    """
    if path.is_file():
        return load_tiny(path, family or _named(path.stem), unrelated, device)
    if not path.is_dir():
        raise WeightsError("no_encoder", path=path)
    return _load_folder(path, family, unrelated, device)


def load_tiny(path: Path, family: str, unrelated: Unrelated | None = None, device: str = "cpu") -> Autoencoder:
    """A tiny autoencoder in one file, as TAESD or diffusers names its weights. Raises as `load_autoencoder` does."""
    return _autoencoder(family, _look_tiny(read_tiny(path), device), unrelated)


def _load_folder(path: Path, family: str | None, unrelated: Unrelated | None, device: str) -> Autoencoder:
    # The folder of a whole model has its autoencoder in vae/.
    folder = path if (path / "config.json").is_file() else path / "vae"
    config = _config(folder / "config.json", path)
    found = str(config.get("_class_name"))
    if found not in KINDS:
        raise WeightsError("unknown_kind", path=path, found=found, choices=", ".join(KINDS))
    kind = KINDS[found]
    network = _load_network(folder, found)
    named = path.resolve()
    name = named.parent.name if named.name == "vae" else named.name
    return _autoencoder(family or kind.family(config) or _named(name), _look(kind, network, device), unrelated)


def _config(file: Path, path: Path) -> Config:
    if not file.is_file():
        raise WeightsError("no_config", path=path)
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsError("encoder_damaged", path=path) from error
    if not isinstance(config, dict):
        raise WeightsError("encoder_damaged", path=path)
    return config


def _load_network(folder: Path, class_name: str) -> nn.Module:
    """The network as diffusers loads it, from this folder alone. Float32, frozen, whole."""
    try:
        network: nn.Module = load_saved("diffusers", class_name, folder)
    except NoSafetensors as error:
        raise WeightsError("no_safetensors", path=folder) from error
    except NotWhole as error:
        raise WeightsError("encoder_damaged", path=folder) from error
    return network


def _look(kind: Kind, network: Any, device: str) -> Sight:
    # Taken before the network is made less precise.
    normal = kind.normal(network).to(device)
    stride = 2 ** (len(network.config[kind.widths]) - 1)
    precision = fastest_precision(device)
    with quiet("diffusers"):
        network = channels_last(network.to(device, precision))

    def see(pictures: Tensor) -> Tensor:
        return normal.apply(kind.latents(network, _laid_out(2 * pictures - 1, device, precision)).float())

    def show(latents: Tensor) -> Tensor:
        picture: Tensor = network.decode(_laid_out(normal.undo(latents), device, precision)).sample
        return (picture.float() + 1) / 2

    return Sight(see, show, stride, stride * normal.patch, kind.layers(network))


def _look_tiny(network: TinyNetwork, device: str) -> Sight:
    precision = fastest_precision(device)
    network = network.to(device, precision)

    def see(pictures: Tensor) -> Tensor:
        latents: Tensor = network.encoder(_laid_out(pictures, device, precision))
        return latents.float()

    def show(latents: Tensor) -> Tensor:
        picture: Tensor = network.decoder(_laid_out(latents, device, precision))
        return picture.float()

    layers = _tiny_stages(network.encoder)
    return Sight(see, show, TinyNetwork.STRIDE, TinyNetwork.STRIDE, layers)


def _laid_out(numbers: Tensor, device: str, precision: torch.dtype) -> Tensor:
    return numbers.to(device, precision).contiguous(memory_format=torch.channels_last)


def _named(name: str) -> str:
    return TINY_NAMES.get(name.lower(), name)


def _autoencoder(family: str, sight: Sight, unrelated: Unrelated | None) -> Autoencoder:
    spread = SPREAD.get(family)
    if spread is None:
        if unrelated is None:
            raise ValueError(f"the family {family} has no SPREAD, and there are no pictures to measure it on")
        spread = measure_spread(sight.see, unrelated())
    return Autoencoder(family, sight, spread)
