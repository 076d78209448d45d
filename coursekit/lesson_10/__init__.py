"""What lesson 10 alone has: Trade-offs."""
