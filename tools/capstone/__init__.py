"""The capstone's recipe, end to end, on full MNIST and on the course's own images: `bench`."""
