"""Data, training and networks, what a network costs and how fast it is, TFLite."""
