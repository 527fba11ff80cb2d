# Variables run the stages on one's own data:
#   make run DATASET="my tagged folders" IMAGES=my-loose-images ARCHIVES=my-zips OUTPUT=out
OUTPUT   ?= output
DATASET  ?= $(SAMPLE)/dataset
IMAGES   ?= $(SAMPLE)/images
ARCHIVES ?= $(SAMPLE)/archives
EMBEDDER ?= builtin
PYTHON3  ?= python3

SAMPLE    = $(call given,OUTPUT)/sample
VENV      = .venv
PYTHON    = $(VENV)/bin/python
PIP       = $(PYTHON) -m pip --disable-pip-version-check
# On all cores.
PYTEST    = $(PYTHON) -m pytest --numprocesses=logical
QUICK     = not (server or kill or browser or training or slow)
KILLS    ?= 500
# Folders and files of tests, or all.
T        ?=
# Some inputs that cannot be used (exit code 3) keep no stage from going on with the others.
GO_ON     = || [ $$? -eq 3 ]
# What somebody gave stays as it was given, `$` and all, and is one word of the shell.
given     = $(if $(filter file,$(origin $1)),$($1),$(value $1))
quoted    = '$(subst ','\'',$(call given,$1))'
# The sample is written for what nobody has named.
sample_of = $(if $(filter file,$(origin $1)),sample)
METADATA  = $(call quoted,OUTPUT)/input-metadata.json
SCORED    = --metadata_json=$(METADATA) --model=$(call quoted,OUTPUT)/models --output=$(call quoted,OUTPUT)
NEEDED    = $(wildcard constraints.txt requirements.txt stage*/requirements.txt)
REQUIRED  = $(wildcard requirements*.txt stage*/requirements*.txt tests/requirements*.txt)
# All requirements without the files that they refer to, and so without the pins.
UNPINNED  = sed '/^-/d' $(REQUIRED)
OLDEST    = $(shell sed -n 's/^requires-python = ">=3\.\([0-9]*\)"/\1/p' pyproject.toml)
# The newest Python that the pinned versions are ready to install for.
NEWEST    = 14
NO_LUCK   = || { echo 'Python 3.$(OLDEST) to 3.$(NEWEST) is needed, and the network: make clean run PYTHON3=/path/to/python3' >&2; exit 1; }

.DEFAULT_GOAL := help
.NOTPARALLEL:  # stages build on each other
.PHONY: help run sample stage1 stage2 stage3 stage4 test quick check check-newest format lint types pins fuzz crash bench bench-quick bench-scale bench-export bench-pages bench-sets bench-trust bench-clip bench-review review screenshots clean

# Tests start commands by the hundred: their modules are compiled once, whatever the shell says.
test quick crash: export PYTHONDONTWRITEBYTECODE =

help:  ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r t c; do printf '  make %-12s %s\n' "$$t" "$$c"; done

run: stage1 stage2 stage3 stage4  ## install, write the sample data, run stages 1 to 4
	@printf '\n%s\n' 'Open index.html in the results folders that are named above, and see how good the classifiers are:'
	@printf '  %s\n' $(call quoted,OUTPUT)/reports/index.html
	@printf '%s\n' 'Ask the table for the best of all pictures:'
	@printf '  sqlite3 "%s" "%s"\n' $(call quoted,OUTPUT)/zip_score_cache.sqlite 'SELECT tag, tag_score, file_path FROM zip_score_cache ORDER BY tag_score DESC LIMIT 5'

sample: $(VENV)/installed  ## write the sample data, where they are not there
	$(PYTHON) ./stage1/write_sample.py --output_folder=$(call quoted,SAMPLE)

stage1: $(VENV)/installed $(call sample_of,DATASET)  ## tagged images -> hashes and embeddings
	$(PYTHON) ./stage1/process_dataset.py --input_folder=$(call quoted,DATASET) --output_folder=$(call quoted,OUTPUT) --embedder=$(EMBEDDER) $(GO_ON)

stage2: $(VENV)/installed  ## embeddings and tags -> classifiers and reports
	$(PYTHON) ./stage2/train.py --metadata_json=$(METADATA) --tag_to_hash_json=$(call quoted,OUTPUT)/input-tag-to-image-hash-list.json --output=$(call quoted,OUTPUT) $(GO_ON)

stage3: $(VENV)/installed $(call sample_of,IMAGES)  ## loose images -> scores and bins
	$(PYTHON) ./stage3/classify.py --directory=$(call quoted,IMAGES) $(SCORED) $(GO_ON)

stage4: $(VENV)/installed $(call sample_of,ARCHIVES)  ## zip archives, nested too -> scores and bins
	$(PYTHON) ./stage4/classify_zip.py --directory=$(call quoted,ARCHIVES) $(SCORED) $(GO_ON)

review: $(VENV)/installed-review  ## look at what was scored in the browser, label it and learn
	[ -e $(call quoted,OUTPUT)/zip_score_cache.sqlite ] || $(MAKE) run
	$(PYTHON) ./stage4/review.py --output=$(call quoted,OUTPUT) --open

test: $(VENV)/installed-tests  ## run all tests, or those of one folder or file: make test T=tests/shared/flow
	$(PYTEST) $(T)

quick: lint types  ## lint, types, and the tests that take no time: under a minute
	$(PYTEST) -m '$(QUICK)' $(T)

check: lint types test  ## format, lint, types and tests: what CI runs

check-newest:  ## the same with the newest release of everything, in .venv-newest
	$(MAKE) VENV=.venv-newest .venv-newest/bin/python
	$(UNPINNED) | .venv-newest/bin/python -m pip install --upgrade --requirement /dev/stdin
	touch .venv-newest/installed .venv-newest/installed-tests
	$(MAKE) VENV=.venv-newest check

format: $(VENV)/installed-tests  ## bring all files into the one format
	$(PYTHON) -m ruff format .

lint: $(VENV)/installed-tests  ## fail where the format differs or the linter finds something
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .

types: $(VENV)/installed-tests  ## fail where the types do not fit
	$(PYTHON) -m mypy .

pins: $(VENV)/bin/python  ## look up the newest version of everything anew, for constraints.txt
	$(PIP) install --quiet uv
	$(UNPINNED) | $(PYTHON) -m uv pip compile --quiet --universal --python-version 3.$(OLDEST) --upgrade --no-annotate --custom-compile-command 'make pins' --output-file constraints.txt -

fuzz: $(VENV)/installed-tests  ## read 31,000 damaged inputs
	$(PYTHON) -m tests.fuzz

crash: $(VENV)/installed-tests  ## kill 500 runs, or KILLS=20, and see that the next one completes each
	$(PYTHON) -m tests.crash $(KILLS)

bench: $(VENV)/installed-tests  ## measure against all aims, into tests/bench/RESULTS.md
	$(PYTHON) -m tests.bench --write

bench-quick: $(VENV)/installed-tests  ## the same on small corpora, in under five minutes
	$(PYTHON) -m tests.bench --quick

bench-scale: $(VENV)/installed-tests  ## measure workers, Dask, SQLite and PostgreSQL
	$(PYTHON) -m tests.bench.scale

bench-export: $(VENV)/installed-tests  ## measure 10 million rows on their way to Parquet
	$(PYTHON) -m tests.bench.exporting

bench-pages: $(VENV)/installed-tests  ## measure the pages of 100,000 pictures
	$(PYTHON) -m tests.bench.pages

bench-sets: $(VENV)/installed-tests  ## fetch real pictures and pretrained features for bench-trust, with apt and pip: 6 GB, most of it torch for a while
	$(PYTHON) -m tests.bench.sets

bench-trust: $(VENV)/installed-tests  ## measure what figures are worth beyond the labelled images
	$(PYTHON) -m tests.bench.trust

bench-review: $(VENV)/installed-tests  ## measure a review of 10 million rows, its thumbnails, likeness and learning; what --thumbnails costs a run
	$(PYTHON) -m tests.bench.reviewing
	$(PYTHON) -m tests.bench.thumbnails

bench-clip: $(VENV)/installed-tests  ## measure each step of a CLIP embedding
	$(PYTHON) -m tests.bench.clip

screenshots: $(VENV)/installed-tests  ## take the pictures of the READMEs anew, with Chromium, from what make run has left
	$(PYTHON) -m tests.screenshots $(call quoted,OUTPUT)
	$(PYTHON) -m tests.shared.review.browser.screenshots

clean:  ## remove the virtual environments and the caches, not the output
	rm -rf $(VENV) .venv-newest .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON3) -c 'import sys; sys.exit(sys.version_info < (3, $(OLDEST)) and "Python 3.$(OLDEST) to 3.$(NEWEST) is needed: make run PYTHON3=/path/to/python3")'
	$(PYTHON3) -m venv $(VENV)

$(VENV)/installed: $(NEEDED) | $(VENV)/bin/python
	@echo 'Installing what the stages need into $(VENV): about a minute, and only now.'
	$(PIP) install --requirement requirements.txt $(NO_LUCK)
	@touch $@

$(VENV)/installed-review: $(VENV)/installed stage4/requirements-review.txt
	$(PIP) install --requirement stage4/requirements-review.txt $(NO_LUCK)
	@touch $@

$(VENV)/installed-tests: $(REQUIRED) $(VENV)/installed
	@echo 'Installing what the tests need into $(VENV): a minute or two, and only now.'
	$(PIP) install --requirement tests/requirements.txt $(NO_LUCK)
	@touch $@
