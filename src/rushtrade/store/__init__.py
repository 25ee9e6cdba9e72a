"""Read models and queries, rebuilt from the journal."""
