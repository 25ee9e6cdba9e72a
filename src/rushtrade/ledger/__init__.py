"""Double-entry accounts for money and shares: hold, post, void."""
