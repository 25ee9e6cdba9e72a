"""Played firms: scripted months and seeded customers that drive a house through its ordinary commands."""
