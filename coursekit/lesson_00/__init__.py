"""What lesson 00 alone has: The pipeline, end to end."""
