"""What is asked and what is kept: questions, progress, widgets, guesses."""
