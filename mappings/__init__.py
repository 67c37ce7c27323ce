"""Data only: index templates and grok patterns. Read with `importlib.resources`."""
