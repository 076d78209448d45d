"""What is kept of a learner, in one file of theirs, and what follows from it."""
