"""Plots, pictures that move, and the parts that a trace is made of."""
