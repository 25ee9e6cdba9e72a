"""Execution quality: what orders cost and where they went, as the journal tells it; the reports of Rules 605 and 606."""
