"""The options that become settings."""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path
from typing import Final

from glaze.settings import EncoderPath, Engine, GlazeSettings, Intensity, Redraw, Render

DEFAULTS: Final = {field.name: field.default for field in fields(GlazeSettings)}


def all_settings(command: argparse.ArgumentParser) -> None:
    """The options for everything that a glaze depends on; `settings_of` reads them."""
    command.add_argument(
        "--intensity",
        choices=[str(choice) for choice in Intensity],
        default=str(DEFAULTS["intensity"]),
        help="how visible the glaze may be, and with it how strong (default: %(default)s)",
    )
    command.add_argument(
        "--render",
        choices=[str(choice) for choice in Render],
        default=str(DEFAULTS["render"]),
        help="how long to look for the best glaze (default: %(default)s)",
    )
    aims(command)
    command.add_argument(
        "--save-decoy",
        action="store_true",
        default=DEFAULTS["save_decoy"],
        help="also write NAME-decoy.png, the artwork redrawn in the decoy style",
    )
    command.add_argument(
        "--keep-gps",
        action="store_true",
        default=DEFAULTS["keep_gps"],
        help="keep in the result where a photograph was taken",
    )


def aims(command: argparse.ArgumentParser) -> None:
    """The options that decide where a glaze leads to."""
    from glaze.decoys.styles import STYLES

    command.add_argument(
        "--encoder",
        action="append",
        type=EncoderPath.parse,
        default=[],
        metavar="[FAMILY=]FOLDER",
        help="also look through this autoencoder: a folder that diffusers saved, or a tiny one's .safetensors file; "
        "may be given several times (default: what --engine says)",
    )
    command.add_argument(
        "--engine",
        choices=[str(choice) for choice in Engine],
        default=str(DEFAULTS["engine"]),
        help="what to look through where no encoder is named. packs: of the packs that are here, the best that this "
        "computer can carry, full encoders on a graphics card with the memory, else tiny ones; full: the full ones on "
        "a processor, too; tiny: the tiny ones alone; bundled: the bundled network alone, which is weaker and takes "
        "about half the time of those (default: %(default)s)",
    )
    command.add_argument(
        "--redraw",
        choices=[str(choice) for choice in Redraw],
        default=str(DEFAULTS["redraw"]),
        help="how the artwork is redrawn in the style of the decoy, which the glaze then leads toward: by Stable "
        "Diffusion where the pack 'studio' is here, by patches, or by Stable Diffusion and else not at all; toward a "
        "picture of your own (--decoy) always by patches (default: %(default)s)",
    )
    command.add_argument(
        "--decoy",
        type=Path,
        metavar="FILE",
        default=DEFAULTS["decoy"],
        help="a picture in the style that a model shall see instead (default: one that Glaze draws)",
    )
    command.add_argument(
        "--decoy-style",
        choices=list(STYLES),
        metavar="NAME",
        default=DEFAULTS["decoy_style"],
        help="draw the decoy in this style instead of one that Glaze chooses for the picture: "
        f"{', '.join(STYLES)} (a name of two words in quotation marks)",
    )
    command.add_argument(
        "--seed",
        type=int,
        metavar="N",
        default=DEFAULTS["seed"],
        help="the same seed, picture and machine give the same glaze (default: %(default)s)",
    )


def settings_of(arguments: argparse.Namespace) -> GlazeSettings:
    """The settings that the options of `all_settings` say; what they name can be opened.

    Raises SettingsError, and what opening the decoy picture or an encoder raises.
    """
    settings = GlazeSettings(
        intensity=Intensity(arguments.intensity),
        render=Render(arguments.render),
        encoders=tuple(arguments.encoder),
        engine=Engine(arguments.engine),
        redraw=Redraw(arguments.redraw),
        decoy=arguments.decoy,
        decoy_style=arguments.decoy_style,
        seed=arguments.seed,
        save_decoy=arguments.save_decoy,
        keep_gps=arguments.keep_gps,
    )
    if settings.decoy is not None:
        # Brings Pillow and more: --help and a mistyped option need not wait for it.
        from glaze.artwork import open_artwork

        open_artwork(settings.decoy)
    if settings.encoders:
        from glaze.glazing import load_encoder

        load_encoder(settings.encoders)
    return settings
