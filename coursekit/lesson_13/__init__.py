"""What lesson 13 alone has: Large language models."""
