"""Market data to users: history over HTTP, streams, downloads; each user sees what they are entitled to."""
