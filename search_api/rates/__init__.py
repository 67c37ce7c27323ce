"""What rollups say of services and of times."""
