"""Recorded and captured feeds of every kind, decoded into one shape of columns; knows bytes, and nothing of any market."""
