"""Regulation and market conventions as dated data; a missing row is an error, never a default."""
