"""What runs shut in: the warm process, and the players and judges that it forks."""
