"""Rolling up: which minutes have changed, and what is to be said of them now (docs/adr/0011)."""
