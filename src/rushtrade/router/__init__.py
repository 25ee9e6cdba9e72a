"""DART for other programs: their orders as lines of JSON, the strategies and the learning of the house behind them."""
