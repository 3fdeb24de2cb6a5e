"""What the name of a graphics card says about it.

Names come from drivers, registries and lists, with their own spacing, case and trade marks. Everything here takes them
as they are.
"""

from __future__ import annotations

import re
from typing import Final

# Not cards: what a virtual machine, a remote desktop, a server's console or a missing driver shows in place of one.
_STAND_IN: Final = re.compile(
    r"virtual|virtio|vmware|vbox|\bs?vga\b|qxl|bochs|cirrus|hyper-?v|parallels|basic (?:display|render)|remote display"
    r"|indirect display|mirror|displaylink|citrix|llvmpipe|softpipe|swiftshader|aspeed|matrox|mga ?g200"
)

# The chips TU116 and TU117: Turing without tensor cores, for which half-precision convolutions come out as NaN, zeros
# or other wrong numbers (pytorch/pytorch issues 58123, 77955 and, on a Quadro T2000, 59515). Sold as GeForce GTX 16,
# but also as GeForce MX450 and MX550 and as T400 to T2000, with and without "Quadro". The T4 of data centres is
# another chip, with tensor cores. There is no GTX 15; people who write so mean these.
_HALF_IS_WRONG: Final = re.compile(
    r"gtx[ -]?1[56]\d\d|\bmx ?[45]50\b|\bt(?:400|500|550|600|1000|1200|2000)\b|\btu11[67]"
)

# Compute capability below 5.0: Kepler, Fermi and before, for which no build of the torch that Glaze pins is made.
# Their series hold a few Maxwell cards, which are 5.0: GTX 745 and 750, Quadro K620, K1200 and K2200.
_TOO_OLD: Final = re.compile(
    r"\bgts? ?[1-7]\d\d(?!\d)"
    r"|gtx ?(?!745(?!m)|750(?!m))[2-7]\d\d(?!\d)"
    r"|gtx ?8[78]0m"
    r"|geforce ?(?:[1-7]\d\d|[89][12]0)[am]?\b"
    r"|geforce ?(?:fx ?|go ?)?[2-9]\d{3}(?!\d)"
    r"|\btitan(?! ?(?:x|v|rtx)\w?\b)"
    r"|quadro (?:fx|cx|plex|k(?!620|1200|2200)\d|\d{3,4}m?\b)"
    r"|\bnvs ?[1-5]\d\d"
    r"|tesla ?(?:[cms][12]\d{3}|k\d)|\bgrid ?k\d"
    r"|\bg[fk]\d{3}"
)


def squeeze(name: str) -> str:
    """A name to compare: lower case, single spaces, no trade marks."""
    return " ".join(re.sub(r"\((?:r|tm|c)\)|[®™©]", " ", name.casefold()).replace("_", " ").split())


def is_stand_in(name: str) -> bool:
    """Whether this is not a graphics card at all: "VMware SVGA 3D", "Microsoft Basic Display Adapter"."""
    return bool(_STAND_IN.search(squeeze(name)))


def half_is_wrong(name: str) -> bool:
    """Whether an NVIDIA card of this name is of the GTX 16 family, which computes wrong numbers in half precision."""
    return bool(_HALF_IS_WRONG.search(squeeze(name)))


def is_too_old(name: str) -> bool:
    """Whether an NVIDIA card of this name is of a generation that torch is no longer made for."""
    return bool(_TOO_OLD.search(squeeze(name)))
