"""What lesson 11 alone has: TFLite and LiteRT."""
