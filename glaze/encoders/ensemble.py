"""Several encoders as one."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from glaze.encoders.encoder import Encoder, Latents
from glaze.errors import WeightsError


class Ensemble:
    """All families of several encoders.

    Who needs all of them (the choice of the decoy, the report) calls `encode`; the loop looks through one of `members`
    a step. Raises WeightsError where two encoders have a family of the same name, ValueError for none at all.
    """

    def __init__(self, encoders: Sequence[Encoder]) -> None:
        if not encoders:
            raise ValueError("an ensemble needs an encoder")
        self.members: tuple[Encoder, ...] = tuple(member for encoder in encoders for member in encoder.members)
        self.families: tuple[str, ...] = tuple(family for member in self.members for family in member.families)
        for family in self.families:
            if self.families.count(family) > 1:
                raise WeightsError("same_family", family=family)

    def encode(self, pictures: Tensor) -> Latents:
        return {family: latent for member in self.members for family, latent in member.encode(pictures).items()}

    def look(self, pictures: Tensor) -> Latents:
        """The latents alone: each member has layers of its own, and the loop asks the members."""
        return self.encode(pictures)

    def decode(self, latents: Latents) -> Tensor:
        """Through the first member whose families are all given. Raises KeyError where there is none."""
        for member in self.members:
            if set(member.families) <= latents.keys():
                return member.decode(latents)
        raise KeyError(f"no encoder of {', '.join(self.families)} can show {', '.join(latents)}")
