"""RushTrade: an open, self-hosted direct-access brokerage."""
