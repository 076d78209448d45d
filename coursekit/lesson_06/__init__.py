"""What lesson 06 alone has: Quantization-aware training."""
