"""Durable ordered frames: append, cursors, hash chain, verify, snapshots."""
