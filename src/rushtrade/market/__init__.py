"""The data center: order books, consolidated quote, trades, bars, latest values."""
