"""What a lesson of the course imports: data, training, measuring, plots, hints and predictions.

Importing `coursekit` loads none of the heavy libraries: each part brings its own when imported.
"""

from coursekit.begin import begin_exercise, end_exercise
from coursekit.explain import explain
from coursekit.predict import guess, guesses, reveal

__all__ = ["begin_exercise", "end_exercise", "explain", "guess", "guesses", "reveal"]
