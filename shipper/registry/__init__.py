"""What the shipper knows durably."""
