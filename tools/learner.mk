# What learners type. The course's own Makefile has these too, and the Makefile of the folder that a
# class gets has nothing else.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help lab check again square doctor

SHELL := /bin/sh
BIN := .venv/bin
# nbgrader looks for alembic on the PATH.
RUN := PATH="$(CURDIR)/$(BIN):$$PATH"

help: ## list the targets
	@awk -F ' ?## ' '/^[a-z-]+:.* ## / { sub(/:.*/, "", $$1); printf "make %-15s %s\n", $$1, $$2 }' tools/learner.mk Makefile

lab: .venv/installed ## open JupyterLab on your copies in workspace/; options go into LAB_ARGS="--port 9999"
	@$(BIN)/coursekit lab $(LAB_ARGS)

check: .venv/installed ## say of each item of your exercise what it passes and what is still to do: LESSON=07
	@$(if $(LESSON),$(BIN)/coursekit check "$(LESSON)" || [ $$? = 1 ],echo "Say which: make check LESSON=07"; exit 1)

again: .venv/installed ## begin a lesson and its exercise anew, and keep what you had: LESSON=07
	@$(if $(LESSON),$(BIN)/coursekit again "$(LESSON)",echo "Say which: make again LESSON=07"; exit 1)

square: .venv/installed ## print a squeezed network as a QR code, FILE=my.fb, to out/; PAGE=address of reader.html for phones
	@$(if $(FILE),$(BIN)/python -m coursekit.lesson_15.square "$(FILE)" --page "$(PAGE)",echo "Say which: make square FILE=data/capstone_square.fb"; exit 1)

doctor: ## say what works, what does not, and how to mend it
	@if [ -x $(BIN)/coursekit ]; then $(BIN)/coursekit doctor; else sh tools/setup.sh doctor; fi

.venv/installed: pyproject.toml constraints.txt tools/setup.sh
	@sh tools/setup.sh venv
	@touch $@
