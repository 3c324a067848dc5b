"""rung.toml and the person's other settings: read in layers, checked, frozen, swapped while running."""
