"""The public face: trading, data and workstation APIs over HTTP and WebSocket, login, permissions, limits."""
