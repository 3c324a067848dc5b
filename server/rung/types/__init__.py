"""The nouns of DESIGN as frozen values, one file each; no behaviour but their own."""
