"""What lesson 14 alone has: Taught and factored."""
