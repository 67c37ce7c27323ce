"""Data only: index templates, grok patterns, log formats. Read with `importlib.resources`."""
