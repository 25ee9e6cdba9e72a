"""Venue sessions and market-data lines, with the last-line limiter."""
