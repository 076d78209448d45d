"""What lesson 09 alone has: When and how much."""
