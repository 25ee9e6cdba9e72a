"""Codecs and protocol sessions without I/O; this room knows bytes and nothing of ours."""
