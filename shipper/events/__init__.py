"""Making: from the texts of events to the JSON that travels."""
