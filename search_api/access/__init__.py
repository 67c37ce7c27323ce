"""Who may ask the API what? Every request passes through `guard.py` before any route sees it."""
