"""What the teacher wrote."""
