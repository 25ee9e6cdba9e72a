"""One exchange, a different firm: its matching engine, sessions, crosses, reports and feed, its own ids."""
