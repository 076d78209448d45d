"""What lesson 07 alone has: Unstructured pruning."""
