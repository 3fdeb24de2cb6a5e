"""Which pictures of the test art the benchmarks use: their paths there, without what follows the last dot."""

from __future__ import annotations

from typing import Final

ONE_OF_EVERY_GENRE: Final = (
    "paintings/claude-monet__water-lilies",
    "flat_illustration/kate-hazen__pop-m3lvin",
    "anime/ren-py-demo-art__bg-club",
    "photo/scikit-image-data__astronaut",
    "watercolour/beatrix-potter__illustration-108",
    "ink_lineart/john-tenniel__alice-illustration-15",
    "monochrome_wash/sidney-sime__book-of-wonder-1",
    "render3d/raytracing-in-one-weekend__final-image-1",
)
# Three or more of every genre.
THIRTY: Final = (
    *ONE_OF_EVERY_GENRE,
    "paintings/vincent-van-gogh__the-starry-night",
    "paintings/edgar-degas__the-ballet-class",
    "paintings/katsushika-hokusai__the-great-wave-off-kanagawa",
    "paintings/piet-mondrian__composition-ii-in-red-blue-and-yellow",
    "paintings/georges-seurat__bathers-at-asnieres",
    "paintings/caspar-david-friedrich__wanderer-above-the-sea-of-fog",
    "flat_illustration/kate-hazen__unleash-your-robot",
    "flat_illustration/kate-hazen__fractal-mountains",
    "anime/ren-py-demo-art__bg-meadow",
    "anime/ren-py-demo-art__eileen-happy",
    "anime/ren-py-demo-art__sylvie-blue-normal",
    "photo/scikit-image-data__coffee",
    "photo/scikit-image-data__rocket",
    "photo/unsplash-galen-crout__galen-crout-175291",
    "watercolour/beatrix-potter__illustration-309",
    "watercolour/beatrix-potter__illustration-475",
    "ink_lineart/john-tenniel__alice-illustration-10",
    "ink_lineart/john-tenniel__alice-illustration-25",
    "monochrome_wash/sidney-sime__book-of-wonder-5",
    "monochrome_wash/sidney-sime__book-of-wonder-9",
    "render3d/raytracing-in-one-weekend__img-2-21-cornell-standard",
    "render3d/raytracing-in-one-weekend__final-image-3",
)
