"""A file for each family of values: its way out, its way in, and how one is changed in place."""
