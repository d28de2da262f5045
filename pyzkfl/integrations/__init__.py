"""Adapters to frameworks. Each imports its framework when it is imported itself, and nothing in pyzkfl imports them."""
