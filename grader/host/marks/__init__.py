"""Points, and the words for what was wrong."""
