"""From what authors write to what learners and teachers open."""
