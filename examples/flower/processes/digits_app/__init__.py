"""Digits under masked secure aggregation, as an app for a SuperLink and SuperNodes."""
