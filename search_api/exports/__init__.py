"""Everything that matches, written out."""
