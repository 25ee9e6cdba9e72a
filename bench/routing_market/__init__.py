"""A market to judge routers in: venues that hide, fade, leak and fail; naive routers; the bound of perfect foresight.

It speaks the JSON-lines protocol of `rushtrade dart serve` and knows nothing of how DART decides.
"""
