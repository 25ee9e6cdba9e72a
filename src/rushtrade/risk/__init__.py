"""Pre-trade checks, buying power, margin, limits, kill switch."""
