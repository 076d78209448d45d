"""What lesson 05 alone has: Post-training quantization in PyTorch."""
