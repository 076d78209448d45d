"""The processes that are shut in, seen from outside."""
