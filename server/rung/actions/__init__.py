"""The catalogue of actions, and how each gathers its parts and reads its answer."""
