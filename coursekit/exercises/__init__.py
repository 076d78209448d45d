"""An exercise on the learner's side: begin, check and end it; and the folder it lies in."""
