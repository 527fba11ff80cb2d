# Variables run the stages on one's own data:
#   make run DATASET=my-tagged-folders IMAGES=my-loose-images ARCHIVES=my-zips OUTPUT=out
OUTPUT   ?= output
SAMPLE   := $(OUTPUT)/sample
DATASET  ?= $(SAMPLE)/dataset
IMAGES   ?= $(SAMPLE)/images
ARCHIVES ?= $(SAMPLE)/archives
EMBEDDER ?= builtin
PYTHON3  ?= python3

VENV     := .venv
PYTHON   := $(VENV)/bin/python
# Some inputs that cannot be used (exit code 3) keep no stage from going on with the others.
GO_ON    := || [ $$? -eq 3 ]
METADATA := $(OUTPUT)/input-metadata.json
SCORED   := --metadata_json=$(METADATA) --model=$(OUTPUT)/models --output=$(OUTPUT)


# The sample is written only where one of the three is not somebody's own.
SAMPLED  := $(if $(filter $(SAMPLE)/%,$(DATASET) $(IMAGES) $(ARCHIVES)),$(SAMPLE)/.written)

.DEFAULT_GOAL := help
.PHONY: help run stage1 stage2 stage3 stage4 test check format lint types fuzz crash bench bench-quick bench-scale bench-clip clean

help:  ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r t c; do printf '  make %-12s %s\n' "$$t" "$$c"; done

run:  ## install, write the sample data, run stages 1 to 4
	@$(MAKE) --no-print-directory stage1
	@$(MAKE) --no-print-directory stage2
	@$(MAKE) --no-print-directory stage3
	@$(MAKE) --no-print-directory stage4
	@echo "look into the results folders named above, or into the tables of $(OUTPUT)/*.sqlite"

stage1: $(VENV)/installed $(SAMPLED)  ## tagged images -> hashes and embeddings
	$(PYTHON) ./stage1/process_dataset.py --input_folder=$(DATASET) --output_folder=$(OUTPUT) --embedder=$(EMBEDDER) $(GO_ON)

stage2: $(VENV)/installed  ## embeddings and tags -> classifiers and reports
	$(PYTHON) ./stage2/train.py --metadata_json=$(METADATA) --tag_to_hash_json=$(OUTPUT)/input-tag-to-image-hash-list.json --output=$(OUTPUT) $(GO_ON)

stage3: $(VENV)/installed $(SAMPLED)  ## loose images -> scores and bins
	$(PYTHON) ./stage3/classify.py --directory=$(IMAGES) $(SCORED) $(GO_ON)

stage4: $(VENV)/installed $(SAMPLED)  ## zip archives, nested too -> scores and bins
	$(PYTHON) ./stage4/classify_zip.py --directory=$(ARCHIVES) $(SCORED) $(GO_ON)

test: $(VENV)/installed-tests  ## run all tests
	$(PYTHON) -m pytest

check: format lint types test  ## format, lint, types and tests: what CI runs

format: $(VENV)/installed-tests  ## fail where the format differs
	$(PYTHON) -m ruff format --check .

lint: $(VENV)/installed-tests  ## fail where the linter finds something
	$(PYTHON) -m ruff check .

types: $(VENV)/installed-tests  ## fail where the types do not fit
	$(PYTHON) -m mypy .

fuzz: $(VENV)/installed-tests  ## read 31,000 damaged inputs
	$(PYTHON) -m tests.fuzz

crash: $(VENV)/installed-tests  ## kill 500 runs, and see that the next one completes each
	$(PYTHON) -m tests.crash 500

bench: $(VENV)/installed-tests  ## measure against the twelve aims, into tests/bench/RESULTS.md
	$(PYTHON) -m tests.bench --write

bench-quick: $(VENV)/installed-tests  ## the same on small corpora, in under five minutes
	$(PYTHON) -m tests.bench --quick

bench-scale: $(VENV)/installed-tests  ## measure workers, Dask, SQLite and PostgreSQL
	$(PYTHON) -m tests.bench.scale

bench-clip: $(VENV)/installed-tests  ## measure each step of a CLIP embedding
	$(PYTHON) -m tests.bench.clip

clean:  ## remove the virtual environment and the caches, not the output
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON3) -m venv $(VENV)

$(SAMPLE)/.written: stage1/write_sample.py shared/training/sample.py | $(VENV)/installed
	$(PYTHON) ./stage1/write_sample.py --output_folder=$(SAMPLE)
	@touch $@

$(VENV)/installed: requirements.txt | $(VENV)/bin/python
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/installed-tests: tests/requirements.txt $(VENV)/installed
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	@touch $@
