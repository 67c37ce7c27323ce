"""Reading: which source is read next, and how it goes on."""
