"""Decoys: the styles that Glaze draws, which one an artwork gets, and the artwork redrawn in it."""
