"""Matches counted: in all, over time as a zone counts it, by values of fields."""
