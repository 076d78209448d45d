"""What lesson 01 alone has: What does a model cost?."""
