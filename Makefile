# Every command of the project; `make` alone lists them.
include student.mk

# ---- teach ----

.PHONY: exercises
exercises: setup  ## Make exercises/ from solutions/
	@python -m scripts.exercises

.PHONY: course
course: setup  ## Make a course folder: make course COURSE=../my-course [OVERLAY=../my-private-solutions]
	@python -m scripts.course "$(COURSE)" $(if $(OVERLAY),--overlay "$(OVERLAY)")

.PHONY: demo-class
demo-class: setup  ## Grade a made-up class in a throw-away course, print its marks
	@python -m scripts.demo_class $(DEMO_OPTIONS)

.PHONY: student-zip
student-zip: setup  ## Pack the course for students, without answers: dist/unrolled-student.zip
	@python -m scripts.student_zip

# ---- check ----

.PHONY: test
test: setup  ## Run the tests (both cores, about twenty minutes)
	@pytest -n 2 -m "not long"

.PHONY: test-all
test-all: setup  ## Run every test, the long ones of the grader too (about half an hour)
	@pytest -n 2

.PHONY: test-fast
test-fast: setup  ## Run the tests that take seconds
	@pytest -n 2 -m "not slow"

.PHONY: faults
faults: setup  ## Plant faults in every backward pass, print what the gradient check catches
	@python -m scripts.planted_faults

.PHONY: mutants
mutants: setup  ## Change every model answer in small ways, print what the assignments' tests catch
	@python -m scripts.mutants

.PHONY: crash
crash: setup  ## Kill the grader at twenty random moments, look whether the next run makes every mark right (ten minutes)
	@python -m scripts.crash $(CRASH_OPTIONS)

.PHONY: attacks
attacks: setup  ## Grade a class of attackers with gradecore, print what each got
	@python -m scripts.attacks $(ATTACKS)

.PHONY: same-marks
same-marks: setup  ## Grade every mistake with gradecore and with stock nbgrader, compare the marks (half an hour)
	@python -m scripts.same_marks $(ASSIGNMENTS)

.PHONY: lint
lint: setup  ## Check the style of code and notebooks
	@ruff check . && ruff format --check .
	@python -m scripts.lint_notebooks
	@python -m scripts.fingerprints --check
	@python -m scripts.exercises --check

.PHONY: format
format: setup  ## Format code and notebooks, strip outputs
	@ruff check --fix . && ruff format .
	@nbstripout --keep-id $$(git ls-files -co --exclude-standard '*.ipynb')

.PHONY: fingerprints
fingerprints: setup  ## Write the kit's cells, and the numbers that tell slips, into solutions/
	@python -m scripts.fingerprints

.PHONY: hooks
hooks: setup  ## Strip and lint at every commit (once per clone)
	@pre-commit install

.PHONY: results
results: setup  ## Run the long experiments in full, store their figures and numbers
	@python -m scripts.results

.PHONY: bench
bench: .venv/.peers-bench  ## Measure side by side with PyTorch, JAX and others (about ten minutes)
	@# Like its peers, NumPy's BLAS chooses its kernels for this processor itself.
	@env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE python -m benchmarks.run $(BENCH_OPTIONS)

.PHONY: parity
parity: .venv/.peers-parity  ## Check rnncore against PyTorch, number by number
	@pytest tests/parity

# A dependency group of benchmarks/pyproject.toml; these packages are large and stay out of the lock.
.venv/.peers-%: .venv/.done benchmarks/pyproject.toml
	@python -m benchmarks.installed $* || { echo "Setting up: the peers ($*), a few minutes"; \
		.tools/bin/pip --python .venv install --quiet --group benchmarks/pyproject.toml:$*; }
	@touch $@

.PHONY: upgrade
upgrade: .tools/.done  ## Renew requirements.lock from pyproject.toml
	@$(UV) pip compile --upgrade $(LOCK_OPTIONS) --output-file requirements.lock pyproject.toml

.PHONY: relock
relock: .tools/.done  ## Write requirements.lock again after a change of pyproject.toml, changing as little as can be
	@$(UV) pip compile $(LOCK_OPTIONS) --output-file requirements.lock pyproject.toml

LOCK_OPTIONS := --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	--extra plots --group lab --group test --group book --group build
