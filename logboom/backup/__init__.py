"""Backups: incremental, consistent while everything runs, and tried by restoring them."""
