"""For authors: turns course/ into notebooks, solutions and exercises, and checks them."""
