"""Stored days brought back: books, bars and messages made of rows, replay, and how good a day is."""
