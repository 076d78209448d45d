# Everything is run from here. `make` lists the targets; those for learners stand in tools/learner.mk.
include tools/learner.mk

.PHONY: test test-all engine lesson lint types attacks fuzz mutation bench bench-scale bench-capstone build site publish grade mark class data wheel wheels pictures constraints clean distclean

SAMPLE := .build/sample_class/submitted
# When the sample class had to hand in.
DUE := 2026-03-02T12:00

# Two processes on two cores: were each to compute with two threads, they would wait for each other.
PYTEST := OMP_NUM_THREADS=1 pytest -p tools.progress --nbval --numprocesses 2 --dist loadfile --no-loadscope-reorder
# Every notebook runs in the kernel of what a class gets.
ALL := JUPYTER_PATH="$(CURDIR)/.build/jupyter" $(PYTEST) --nbval-kernel-name class

# What is tested: make test TESTS=tests/coursekit, say.
TESTS := tests notebooks solutions

define MAKE_WHAT_THE_ENGINE_NEEDS
@sh tools/setup.sh chromium
@sh tools/setup.sh bubblewrap
@sh tools/setup.sh postgresql
endef

define MAKE_WHAT_A_CLASS_GETS
@echo "== What a class gets, installed by itself"
@$(RUN) python -m tools.class_folder
endef

test: .venv/installed-dev lint types ## check what a change could break, in half an hour: style, types, tests, every cell of every notebook
	$(MAKE_WHAT_THE_ENGINE_NEEDS)
	$(MAKE_WHAT_A_CLASS_GETS)
	@echo "== Tests and notebooks: about half an hour on two cores"
	@$(RUN) $(ALL) -m "not thorough" $(TESTS)

test-all: .venv/installed-dev lint types ## check everything, in an hour: also all marks against stock nbgrader, all attacks, all pages in a browser
	$(MAKE_WHAT_THE_ENGINE_NEEDS)
	$(MAKE_WHAT_A_CLASS_GETS)
	@sh tools/setup.sh firefox
	@echo "== All tests and notebooks: about an hour on two cores"
	@$(RUN) $(ALL) $(TESTS)

engine: .venv/installed-dev ## run all tests of the grader by itself
	$(MAKE_WHAT_THE_ENGINE_NEEDS)
	@echo "== The grader: up to twenty minutes on two cores"
	@$(RUN) $(PYTEST) tests/grader

lesson: .venv/installed-dev ## build one lesson, and check its notebook, exercise, answers and questions: LESSON=07
	@$(if $(LESSON),,echo "Say which: make lesson LESSON=07"; exit 1)
	@sh tools/setup.sh bubblewrap
	@$(RUN) authoring build $(LESSON)
	@$(RUN) authoring check $(LESSON)
	@echo "== Every cell"
	@$(RUN) $(PYTEST) -q $(wildcard notebooks/$(LESSON)_*.ipynb notebooks/further/$(LESSON)_*.ipynb solutions/$(LESSON)_*/*.ipynb)

lint: .venv/installed-dev ## check the style of the code, and who imports whom
	@echo "== Style"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --no-cache --no-logo

types: .venv/installed-dev ## check the types
	@echo "== Types"
	@$(BIN)/mypy

attacks: .venv/installed-dev ## hand in everything that people try in order to cheat, and compare marks with nbgrader
	@sh tools/setup.sh bubblewrap
	@$(RUN) pytest tests/attacks tests/same_scores

fuzz: .venv/installed-dev ## 2,000 damaged submissions and as many forged messages; 200 in make test
	@sh tools/setup.sh bubblewrap
	@COURSE_FUZZ_EXAMPLES=2000 $(RUN) pytest tests/fuzz

mutation: .venv/installed-dev ## do the tests of the exercises notice a change in the solution? one: LESSON=07
	@sh tools/setup.sh bubblewrap
	@$(RUN) authoring mutation $(LESSON)

bench: .venv/installed-dev ## measure grading against stock nbgrader, classes as teachers have them, and how soon a quiz opens: tables, and out/*.json
	@sh tools/setup.sh chromium
	@sh tools/setup.sh bubblewrap
	@$(RUN) python -m tools.bench
	@$(RUN) python -m tools.bench_classes
	@$(RUN) python -m tools.bench_opening

bench-scale: .venv/installed-dev ## grade 10,000 synthetic submissions on two workers: COUNTS="1000 5000 10000"
	@sh tools/setup.sh bubblewrap
	@$(RUN) COUNTS="$(COUNTS)" python -m tools.bench_scale

bench-capstone: .venv/installed-dev ## squeeze LeNet-300-100 on full MNIST, MNIST=mnist.npz or a download: out/capstone.json; ABLATIONS=1
	@$(RUN) python -m tools.capstone $(if $(MNIST),--mnist "$(MNIST)") $(if $(ABLATIONS),--ablations)

build: .venv/installed-dev ## bring notebooks/, solutions/, exercises/ up to date with course/; one: LESSON=07
	@$(RUN) authoring build $(LESSON)

site: .venv/installed-dev ## make the course's pages for any browser, in out/site and out/site.zip
	@$(RUN) authoring site

publish: .venv/installed-dev ## name the public repository, REPO=owner/name: badges, links, a workflow that publishes the site
	@$(if $(REPO),$(RUN) authoring publish "$(REPO)",echo "Say where: make publish REPO=owner/name"; exit 1)

grade: .venv/installed-teach ## make the sample class and grade it
	@sh tools/setup.sh bubblewrap
	@$(RUN) authoring sample-class $(SAMPLE)
	@$(RUN) grader grade --course . --submitted $(SAMPLE) --out out/sample_class \
		$(foreach name,$(notdir $(wildcard solutions/*)),--due $(name)=$(DUE))

mark: .venv/installed-teach ## mark your own exercise as a teacher would, with the hidden tests: LESSON=07
	@$(if $(LESSON),$(RUN) python -m authoring.mark $(LESSON),echo "Say which: make mark LESSON=07"; exit 1)

class: .venv/installed-teach ## export what learners get, without an answer in it, to OUT=folder
	@$(if $(OUT),$(RUN) authoring class "$(OUT)",echo "Say where to: make class OUT=../my-class"; exit 1)

data: .venv/installed-dev ## make the files in data/ anew from the original packages
	@sh tools/setup.sh fashion-mnist
	@$(BIN)/python data/make_data.py

wheel: .venv/installed-dev ## the grader by itself, for any nbgrader course: a wheel in out/
	@cd grader && "$(CURDIR)/$(BIN)/python" -m hatchling build -t wheel -d "$(CURDIR)/out"

wheels: .venv/installed-dev ## ask whether every dependency has wheels for Linux, Windows and macOS
	@$(BIN)/python -m tools.wheels

pictures: .venv/installed-dev ## take README's pictures, in a few minutes; look at each before you commit it
	@sh tools/setup.sh chromium
	@sh tools/setup.sh bubblewrap
	@$(RUN) python -m tools.pictures

constraints: ## bring constraints.txt to the newest versions that pyproject.toml allows
	@sh tools/setup.sh constraints

clean: ## remove what targets leave behind, but for .venv
	rm -rf out .build .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name .venv -prune -o \( -name __pycache__ -o -name .ipynb_checkpoints \) -type d \
		-exec rm -rf {} +

distclean: clean ## remove .venv too
	rm -rf .venv

# Who has the tools of teachers has what learners need; who has those of authors, both.
.venv/installed-teach: pyproject.toml constraints.txt tools/setup.sh
	@sh tools/setup.sh venv teach
	@touch .venv/installed $@

.venv/installed-dev: pyproject.toml constraints.txt tools/setup.sh
	@sh tools/setup.sh venv dev
	@touch .venv/installed .venv/installed-teach $@
