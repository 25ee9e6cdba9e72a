"""Composition, configuration, command line, supervision."""
