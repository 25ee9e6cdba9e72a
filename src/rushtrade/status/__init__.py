"""What a stock may do now: halts, price bands, auctions, the short-sale test. Knows no book and no customer."""
