"""The kinds of receivers: each module tells one kind, with a function `deliver`."""
