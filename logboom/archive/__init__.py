"""The life of days: archives, restoring, deleting with a grace, and retention by itself."""
