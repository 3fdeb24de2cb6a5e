"""Does a mimic that learns from glazed art learn the wrong style? docs/mimicry.md says what came out."""
