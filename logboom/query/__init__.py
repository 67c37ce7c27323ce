"""The one query model: parsed from Lucene's syntax, translated by each store, evaluated in memory."""
