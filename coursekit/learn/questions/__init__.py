"""What a bank of questions holds, where one is found, and how an answer in words is read."""
