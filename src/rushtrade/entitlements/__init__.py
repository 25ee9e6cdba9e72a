"""Who may see which market data: questionnaires, agreements, products, use and what it costs."""
