"""Composition and supervision: the parts of a house put together, and run."""
