"""Bringing packs from the network: the only part of Glaze that speaks to anyone, and only when it is told to."""

from glaze.download.get import Plan, get, look_up
from glaze.download.progress import Phase, Progress

__all__ = ["Phase", "Plan", "Progress", "get", "look_up"]
