"""A house's sessions with exchanges of other firms over sockets: orders by OUCH 5.0, feeds, and what is known after a line broke."""
