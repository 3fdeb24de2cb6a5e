"""The colours of the pages, as variables of CSS: once for light and once for dark. A host's own pages have the same."""

from __future__ import annotations

from typing import Final

LIGHT: Final = """
  --paper: #f5f3ee; --sheet: #fcfbf8; --mount: #e3e2de; --line: #d6d2c8;
  --ink: #24272b; --quiet: #5c6067; --accent: #27635c; --accent-deep: #1c4d47; --on-accent: #ffffff;
  --wash: #e4ecea; --alarm: #8f2f21; --alarm-wash: #f7e6e2;
"""

DARK: Final = """
  --paper: #17181a; --sheet: #1f2123; --mount: #0e0f10; --line: #383b3f;
  --ink: #eceae5; --quiet: #a4a8ad; --accent: #86c5b9; --accent-deep: #a3d6cc; --on-accent: #0f2320;
  --wash: #24312f; --alarm: #f0a394; --alarm-wash: #3a211d;
"""

# Of the name alone.
SERIF: Final = '"Iowan Old Style", "Palatino Linotype", Palatino, Georgia, serif'
