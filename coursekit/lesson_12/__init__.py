"""What lesson 12 alone has: Serving."""
