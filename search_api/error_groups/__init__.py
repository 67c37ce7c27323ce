"""Errors that are the same: listed, merged and split."""
