"""What lesson 08 alone has: Structured pruning and N:M."""
