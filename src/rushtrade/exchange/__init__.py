"""Simulated exchanges, a different firm: matching, order flow, fees, their own ids."""
