"""Values as messages, and messages as values."""
