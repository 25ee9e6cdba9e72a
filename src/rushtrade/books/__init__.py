"""Order-by-order books: queues, prices and orders of every stock of every venue, in arrays. Knows no consolidated market."""
