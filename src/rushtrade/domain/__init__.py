"""The words: ids, prices, quantities, instruments, orders, accounts, commands, events, reject reasons."""
