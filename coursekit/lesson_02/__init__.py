"""What lesson 02 alone has: Numbers in few bits."""
