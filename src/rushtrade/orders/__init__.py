"""Order management: the life of parent and child orders."""
