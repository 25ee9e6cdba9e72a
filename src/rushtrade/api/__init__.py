"""HTTP and WebSocket faces: trading, data and broker APIs."""
