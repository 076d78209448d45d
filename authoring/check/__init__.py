"""Whether tests, questions and guesses do what they should."""
