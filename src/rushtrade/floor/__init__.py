"""How members and listeners reach the exchanges: ports that speak OUCH 5.0, FIX 4.2 and ITCH 5.0, and the accounts behind them."""
