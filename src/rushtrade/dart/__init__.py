"""Direct Access Routing Technology: pure plans from an order, stamped quotes and a venue table."""
