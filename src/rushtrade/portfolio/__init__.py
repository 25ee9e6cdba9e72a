"""Real-time positions, profit and loss, exposure."""
