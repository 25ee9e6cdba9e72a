"""The command line: each command of `rushtrade`, and what commands share of the terminal."""
