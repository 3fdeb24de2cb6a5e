"""How weights/bundled.safetensors was made. Not installed, not imported by glaze; see training/README.md."""
