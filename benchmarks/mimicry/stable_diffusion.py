"""The full trial's mimic, for a graphics card: Stable Diffusion learns an artist's pictures, as cleaned or glazed.

    python -m benchmarks.mimicry.stable_diffusion --model stable-diffusion-2-1 --shared ../shared --device cuda \
        --artist claude-monet --pictures runs/mimicry/squares/claude-monet/bundled --out runs/sd-bundled

As Hoenig et al. 2024 (arXiv:2406.12027) publish it: Stable Diffusion 2.1, 512 px, learning rate 5e-6, batches of 4,
2,000 steps, 18 pictures, 10 prompts; --rank N learns a LoRA instead. The captions, the prompts and how a sample is
drawn are ours; captions.json (file name -> caption) beside the pictures is taken where there is one. Samples go into
--out/samples, and what the judges say into --out/verdict.json. --model is a folder that diffusers saved.

It was never run on Stable Diffusion itself here, only on small random models (tests/test_stable_diffusion.py).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.mimicry.artists import SUFFIXES, find_artists, read, square
from benchmarks.mimicry.base import dice
from benchmarks.mimicry.court import Looks, cut, open_court
from benchmarks.mimicry.judges import Judges
from benchmarks.mimicry.low_rank import adapt
from benchmarks.mimicry.space import half
from glaze.canvas import to_tensor
from glaze.encoders.saved import load_saved, load_tokenizer, quiet

PROMPTS: Final = (
    "a mountain landscape",
    "a city street in the rain",
    "a portrait of a woman",
    "a still life with fruit",
    "a ship on a stormy sea",
    "a garden in spring",
    "a dog sleeping by a fire",
    "a crowded market",
    "a lonely house at night",
    "a child with a toy",
)
WINDOW: Final = 128  # pixels of a sample that the judges see at a time
CUTS: Final = 4  # windows of each sample


@dataclass(frozen=True)
class Protocol:
    """How the mimic learns and is asked.

    rank      of a LoRA; None learns every weight of the U-Net.
    rate      5e-6 for all weights; a LoRA wants about 1e-4.
    each      samples of a prompt.
    called    the words that stand for the artist.
    """

    side: int = 512
    rate: float = 5e-6
    batch: int = 4
    steps: int = 2000
    pictures: int = 18
    rank: int | None = None
    each: int = 4
    way: int = 50
    guidance: float = 7.5
    called: str = "sks artist"
    seed: int = 0


@dataclass
class Model:
    """A Stable Diffusion on its device. `noise`: diffusers' scheduler that noises; it says what the U-Net predicts."""

    vae: Any
    unet: Any
    text: Any
    tokenizer: Any
    noise: Any
    device: torch.device

    def words(self, captions: Sequence[str]) -> Tensor:
        """Captions -> what the U-Net hears of them, (N, 77, D)."""
        tokens = self.tokenizer(
            list(captions), padding="max_length", truncation=True, max_length=77, return_tensors="pt"
        )
        with torch.no_grad():
            heard: Tensor = self.text(tokens.input_ids.to(self.device))[0]
        return heard

    @torch.no_grad()
    def trip(self, pictures: Tensor) -> Tensor:
        """Pictures (N, 3, H, W) in [0, 1] as the autoencoder gives them back."""
        mean = self.vae.encode(2 * pictures.to(self.device) - 1).latent_dist.mean
        shown: Tensor = self.vae.decode(mean).sample
        return ((shown + 1) / 2).clamp(0, 1).cpu()


def load_model(folder: Path, device: torch.device) -> Model:
    """A Stable Diffusion that diffusers saved. Raises NotWhole and NoSafetensors of glaze.encoders.saved."""
    with quiet("diffusers"):
        from diffusers import DDPMScheduler

        noise = DDPMScheduler.from_pretrained(folder / "scheduler", local_files_only=True)
    return Model(
        vae=load_saved("diffusers", "AutoencoderKL", folder / "vae").to(device),
        unet=load_saved("diffusers", "UNet2DConditionModel", folder / "unet").to(device),
        text=load_saved("transformers", "CLIPTextModel", folder / "text_encoder").to(device),
        tokenizer=load_tokenizer(folder / "tokenizer"),
        noise=noise,
        device=device,
    )


def teach(model: Model, pictures: Sequence[Image.Image], captions: Sequence[str], protocol: Protocol) -> None:
    """Train the model's U-Net on squares and their captions. Text encoder and autoencoder stay as they are."""
    latents = torch.cat([_encode(model, picture) for picture in pictures])
    words = model.words(captions)
    torch.manual_seed(protocol.seed)
    if protocol.rank is None:
        learned: list[nn.Parameter] = list(model.unet.requires_grad_(True).parameters())
    else:
        learned = adapt(model.unet, protocol.rank)
    model.unet.train()
    optimiser = torch.optim.AdamW(learned, lr=protocol.rate)
    for step in range(protocol.steps):
        drawn = dice(protocol.seed, step)
        which = torch.randint(len(latents), (protocol.batch,), generator=drawn)
        loss = _loss(model, latents[which], words[which], drawn)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(learned, 1.0)
        optimiser.step()
    model.unet.eval().requires_grad_(False)


@torch.no_grad()
def _encode(model: Model, picture: Image.Image) -> Tensor:
    mean: Tensor = model.vae.encode(2 * to_tensor(picture).to(model.device) - 1).latent_dist.mean
    return mean * float(model.vae.config.scaling_factor)


def _loss(model: Model, latents: Tensor, words: Tensor, drawn: torch.Generator) -> Tensor:
    noise = torch.randn(latents.shape, generator=drawn).to(latents)
    many = int(model.noise.config.num_train_timesteps)
    times = torch.randint(many, (len(latents),), generator=drawn).to(latents.device)
    aim = noise
    if model.noise.config.prediction_type == "v_prediction":
        aim = model.noise.get_velocity(latents, noise, times)
    # bfloat16 where it pays: on a card.
    with half(model.device, on=model.device.type == "cuda"):
        said: Tensor = model.unet(model.noise.add_noise(latents, noise, times), times, words).sample
    return F.mse_loss(said.float(), aim)


def draw(model: Model, prompts: Sequence[str], protocol: Protocol) -> list[Image.Image]:
    """`protocol.each` samples of every prompt, with the artist's name put behind it."""
    with quiet("diffusers"):
        from diffusers import DDIMScheduler, StableDiffusionPipeline

        pipeline = StableDiffusionPipeline(
            vae=model.vae,
            text_encoder=model.text,
            tokenizer=model.tokenizer,
            unet=model.unet,
            # Latents go beyond 1; other schedulers' configurations do not say that they may.
            scheduler=DDIMScheduler.from_config(model.noise.config, clip_sample=False),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )
    pipeline.set_progress_bar_config(disable=True)
    samples: list[Image.Image] = []
    for number, prompt in enumerate(prompts):
        samples += pipeline(
            caption(prompt, protocol.called),
            height=protocol.side,
            width=protocol.side,
            num_inference_steps=protocol.way,
            guidance_scale=protocol.guidance,
            num_images_per_prompt=protocol.each,
            generator=dice(protocol.seed, -1 - number),
        ).images
    return samples


def caption(what: str, called: str) -> str:
    """What a picture shows, and whose it is."""
    return f"{what} by {called}"


def captions_of(paths: Sequence[Path], called: str) -> list[str]:
    """From captions.json beside the pictures where there is one, else the same for all."""
    kept = paths[0].parent / "captions.json"
    told = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    return [caption(told.get(path.name, "a picture"), called) for path in paths]


def main(argv: list[str] | None = None) -> None:
    """Teach, draw, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="a Stable Diffusion that diffusers saved")
    parser.add_argument("--pictures", type=Path, help="the artist's, as a mimic finds them; none: the base is judged")
    parser.add_argument("--artist", required=True, help="as the files of --shared/art call the artist")
    parser.add_argument("--shared", type=Path, required=True, help="the folder of art/, judges/, lpips/")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=Protocol.steps)
    parser.add_argument("--side", type=int, default=Protocol.side)
    parser.add_argument("--rank", type=int, help="learn a LoRA of this rank")
    parser.add_argument("--rate", type=float, help="learning rate; 5e-6, or 1e-4 with --rank")
    parser.add_argument("--each", type=int, default=Protocol.each, help="samples of each of the ten prompts")
    parser.add_argument("--way", type=int, default=Protocol.way, help="steps from noise to a sample")
    parser.add_argument("--seed", type=int, default=Protocol.seed)
    parser.add_argument("--device", type=torch.device, default=torch.device("cpu"))
    args = parser.parse_args(argv)
    rate = args.rate or (Protocol.rate if args.rank is None else 1e-4)
    numbers = {"steps": args.steps, "side": args.side, "each": args.each, "way": args.way, "seed": args.seed}
    protocol = Protocol(rank=args.rank, rate=rate, **numbers)
    samples_in = args.out / "samples"
    samples_in.mkdir(parents=True, exist_ok=True)
    model = load_model(args.model, args.device)
    if args.pictures:
        paths = sorted(path for path in args.pictures.iterdir() if path.suffix in SUFFIXES)[: protocol.pictures]
        if not paths:
            raise ValueError(f"no pictures in {args.pictures}: --pictures names a folder of .png or .jpg files")
        squares = [square(read(path), protocol.side) for path in paths]
        teach(model, squares, captions_of(paths, protocol.called), protocol)
    samples = draw(model, PROMPTS, protocol)
    for number, sample in enumerate(samples):
        sample.save(samples_in / f"{number:03}.png")
    verdict = _judge(model, samples, args, protocol)
    told = {"artist": args.artist, "pictures": args.pictures and args.pictures.name, "protocol": asdict(protocol)}
    (args.out / "verdict.json").write_text(json.dumps(told | verdict, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(verdict))


def _judge(model: Model, samples: list[Image.Image], args: argparse.Namespace, protocol: Protocol) -> dict[str, float]:
    """The verdict on windows of the samples. The classifier learns from half of every artist's pictures."""
    artists = find_artists(args.shared / "art")
    if args.artist not in artists:
        raise ValueError(f"no pictures by {args.artist} in {args.shared / 'art'}: one of {', '.join(artists)}")
    files = args.shared / "judges" / "mobilenetv2.safetensors", args.shared / "lpips" / "squeezenet.safetensors"
    window = min(WINDOW, protocol.side)
    given = artists[args.artist].split(len(artists[args.artist].pictures) // 2)[0]
    judges = Judges(*files, args.device)
    looks = Looks(window, protocol.side, model.trip)
    court = open_court(artists, {args.artist: given}, judges, looks, args.out / "seen.pt")
    windows = [cut(sample, window, CUTS, number) for number, sample in enumerate(samples)]
    return asdict(court.judge(torch.cat(windows), args.artist))


if __name__ == "__main__":
    main()
