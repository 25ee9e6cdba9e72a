"""The tick store: what the market said, kept in columns, sealed at the close, asked with SQL."""
