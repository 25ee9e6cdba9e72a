"""Customers, commissions and fees, settlement, clearing files, reports."""
