"""The ways to learn, a file each, named as the function that shows it."""
