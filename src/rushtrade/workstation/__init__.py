"""The browser workstation's end in the house: its login, its one socket, what it may ask and what it is pushed."""
