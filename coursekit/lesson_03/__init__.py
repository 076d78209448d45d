"""What lesson 03 alone has: Choosing the range."""
