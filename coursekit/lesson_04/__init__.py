"""What lesson 04 alone has: Integer arithmetic."""
