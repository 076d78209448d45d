"""What a lesson of the course imports, by rooms.

- `nets`: data, training, networks, what one costs and how fast it is, TFLite;
- `pictures`: plots, pictures that move, the parts of a trace;
- `learn`: questions, progress, widgets, guesses;
- `lesson_00` to `lesson_15`: what one lesson alone has, its opening, its traces, its helpers;
- `exercises`: to begin, check and end one;
- `desk`: the commands, the start page, JupyterLab.

Importing `coursekit` loads none of the heavy libraries: each part brings its own when imported.
"""

from coursekit import moved
from coursekit.exercises.begin import begin_exercise, end_exercise
from coursekit.exercises.explain import explain
from coursekit.learn.guess_mark import mark_guess
from coursekit.learn.guesses import guess, guesses, reveal

__all__ = ["begin_exercise", "end_exercise", "explain", "guess", "guesses", "mark_guess", "reveal"]

moved.lead_from_old_names()
