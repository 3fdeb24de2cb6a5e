"""A picture in, a picture out.

    picture.py    Artwork and Note
    formats.py    which files Glaze reads, by their first bytes
    limits.py     how large a picture may be
    read.py       a file to an Artwork, and what goes wrong to words
    decode.py     Pillow's pixels to upright arrays; tiff.py the files that Pillow cannot hold
    colours.py    profiles, CMYK and Lab
    metadata.py   what goes along to the result, and what must not: exif.py, xmp.py, iptc.py
    png.py        pixels to a PNG
    lossy.py      a picture saved as another file was
    write.py      a PNG to the disk, whole or not at all

Memory, measured with Pillow 12.3 on 50 and 99 megapixels, beyond the 40 MB that Python and the libraries take: opening
peaks at 7 bytes a pixel in 8-bit (3 stay) and at 10 in 16-bit (6 stay), one more with 8-bit alpha; turning a picture
upright adds none. Saving adds 7 or 10 to what the caller holds, nearly all of it for reading the finished file back.
"""

from glaze.artwork.formats import FORMATS, SUFFIXES
from glaze.artwork.limits import LEAST_SIDE, MOST_MEGAPIXELS
from glaze.artwork.picture import Artwork, Note
from glaze.artwork.read import open_artwork
from glaze.artwork.write import find_artworks, save_artwork, save_finished, try_folder, written_by_glaze

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
    "save_finished",
    "try_folder",
    "written_by_glaze",
]
