"""What is known of each submission, and what a second run keeps of it."""
