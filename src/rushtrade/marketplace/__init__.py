"""The marketplace: all exchanges of a world, the order flow that gives them their books, and a process of their own."""
