"""What lesson 15 alone has: Capstone: Deep Compression."""
