"""Read models and queries: what screens and APIs ask, folded from the journal and rebuilt from it at will."""
