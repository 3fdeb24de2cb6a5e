"""A picture in, a picture out.

    formats.py    which files are pictures that Glaze reads, by their first bytes
    exif.py       tag directories, as TIFF files and EXIF blocks have them
    metadata.py   what goes along from the original to the result, and what must not
    read.py       a file to upright pixels
    png.py        pixels to a PNG
    write.py      a PNG to the disk, whole or not at all

Measured with Pillow 12.3 on a 50 megapixel picture, beyond the 60 MB that Python and the libraries take: opening peaks
at 7 bytes a pixel in 8-bit (3 stay) and at 10 in 16-bit (6 stay); saving adds 7 (8-bit) or 10 (16-bit), nearly all of
it for reading the finished file back.
"""

from glaze.artwork.formats import FORMATS, SUFFIXES
from glaze.artwork.limits import LEAST_SIDE, MOST_MEGAPIXELS
from glaze.artwork.picture import Artwork, Note
from glaze.artwork.read import open_artwork
from glaze.artwork.write import find_artworks, save_artwork

__all__ = [
    "FORMATS",
    "LEAST_SIDE",
    "MOST_MEGAPIXELS",
    "SUFFIXES",
    "Artwork",
    "Note",
    "find_artworks",
    "open_artwork",
    "save_artwork",
]
