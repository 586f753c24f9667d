# Targets: run, test, test-again, coverage, lint, fuzz, bench, bench-quality, look, bench-temporal, bench-decoder, bench-faults, bench-transport, bench-edge, bench-link, bench-split, gpu-check, docs, site, clean, help. Everything is installed into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
GPU_VENV := .venv-gpu
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet
SOURCES := pyproject.toml constraints.txt
EXTRAS := dev,torch,ort,otel,site
# Programs that tests use, each with its Debian package.
DEBIAN := chromium:chromium firefox-esr:firefox-esr redis-server:redis-server nginx:nginx-light \
  turnserver:coturn nft:nftables strace:strace ip:iproute2 promtool:prometheus

.DEFAULT_GOAL := help
# Tests start hundreds of processes, which would compile all modules anew each time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test test-again coverage lint fuzz bench bench-quality look bench-temporal bench-decoder bench-faults bench-transport bench-edge bench-link bench-split gpu-check docs site site-serve clean help browser

help:
	@echo "make run    install what is needed and start Sharpcast on http://127.0.0.1:8080"
	@echo "make test   install the test tools too, and run all tests"
	@echo "make test-again  run once more the tests that failed last, if they are eight at most"
	@echo "make coverage  run all tests and show which lines of each package they run; TESTS=tests/wire"
	@echo "make fuzz   search for inputs that break a reader, a minute each; FUZZ='--seconds 600 sdp'"
	@echo "make lint   check style and types"
	@echo "make bench  measure this machine"
	@echo "make bench-quality  what the nets are worth, at the viewer first; about an hour on two cores; writes docs/quality; QUALITY=--quick: five minutes, to the terminal"
	@echo "make look   write build/look.html: twelve blind pairs, to judge enhanced pictures by eye; LOOK='--net live-m my.mp4'"
	@echo "make bench-temporal  what temporal propagation saves and costs; about ten minutes; writes docs/temporal"
	@echo "make bench-decoder  what decoding in a process of its own costs; half a minute"
	@echo "make bench-faults  what viewers notice when something dies; about ten minutes"
	@echo "make bench-transport  ways to carry frames between sites; half an hour, root only; writes docs/transport"
	@echo "make bench-edge  viewers a core, joins, loss and floods of the WebRTC edge, beside Janus and an aiortc relay; about ten minutes; EDGE='viewers --kbps 1400'"
	@echo "make bench-link  the processor time of a link between sites, at both ends; half a minute"
	@echo "make bench-split  dB against Mbit/s of what passes between two parts of a net; about fifteen minutes; writes docs/split"
	@echo "make bench-team  one stream on many weak devices over a bad network; hours, root only; TEAM='--scenarios cut --repeats 1'"
	@echo "make gpu-check  check and measure the engines on one NVIDIA GPU; under eight minutes; writes build/gpu-check"
	@echo "make docs   draw the transition tables into docs/states.md, and the Grafana dashboard"
	@echo "make site   build the documentation as a site into build/site; make site-serve shows it while it is written"
	@echo "make clean  remove everything that was installed or built here"

run: $(VENV)/installed
	@exec $(BIN)/sharpcast up

test: $(VENV)/installed-dev browser
	@$(BIN)/python -m pytest

test-again: $(VENV)/installed-dev
	@$(BIN)/python -m tests.again

coverage: $(VENV)/installed-dev browser
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest $(TESTS); status=$$?; \
	$(BIN)/coverage combine --quiet; $(BIN)/python -m tests.coverage_table; exit $$status

lint: $(VENV)/installed-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

fuzz: $(VENV)/installed-fuzz
	@$(BIN)/python -m tests.fuzz $(FUZZ)

bench: $(VENV)/installed-dev browser
	@$(BIN)/sharpcast bench

bench-quality: $(VENV)/installed-quality
	@$(BIN)/python -m benchmarks.quality $(QUALITY)

look: $(VENV)/installed-dev
	@$(BIN)/python -m benchmarks.blind $(LOOK)

bench-temporal: $(VENV)/installed-dev
	@$(BIN)/python -m benchmarks.temporal $(TEMPORAL)

bench-decoder: $(VENV)/installed-dev
	@$(BIN)/python -m benchmarks.decoder_process

bench-faults: $(VENV)/installed-dev browser
	@$(BIN)/python -m benchmarks.faults $(FAULTS)

bench-transport: $(VENV)/installed-bench browser
	@$(BIN)/python -m benchmarks.transport --out docs/transport $(TRANSPORT)

bench-edge: $(VENV)/installed-dev
	@$(BIN)/python -m benchmarks.edge $(EDGE)

bench-link: $(VENV)/installed-dev
	@$(BIN)/python -m benchmarks.link_cpu $(LINK)

bench-split: $(VENV)/installed-dev
	@$(BIN)/python -m benchmarks.features $(SPLIT)

bench-team: $(VENV)/installed-dev browser
	@$(BIN)/python -m benchmarks.team $(TEAM)

# Without a GPU it checks what needs none, with the packages of .venv, and ends with exit code 2.
gpu-check: $(VENV)/installed-dev
	@if nvidia-smi -L >/dev/null 2>&1; then \
	  $(MAKE) --no-print-directory $(GPU_VENV)/installed || exit 1; \
	  exec $(GPU_VENV)/bin/python -m benchmarks.gpu_check $(GPU_CHECK); \
	else exec $(BIN)/python -m benchmarks.gpu_check $(GPU_CHECK); fi

$(GPU_VENV)/installed: $(SOURCES) constraints-gpu.txt benchmarks/gpu_check/install.sh
	@$(PYTHON) -m venv $(GPU_VENV)
	@benchmarks/gpu_check/install.sh $(GPU_VENV)
	@touch $@

docs: $(VENV)/installed
	@$(BIN)/python -m docs.draw_states
	@$(BIN)/python -m docs.draw_dashboard

site: $(VENV)/installed-dev
	@PYTHONPATH=. NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

site-serve: $(VENV)/installed-dev
	@PYTHONPATH=. NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs serve

clean:
	@rm -rf $(VENV) $(GPU_VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Sharpcast needs Python 3.11 or newer; name one with: make $(MAKECMDGOALS) PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "Python cannot make virtual environments here; install the package python3-venv." >&2; exit 1; }
	@echo "making $(VENV)"
	@rm -rf $(VENV) && $(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(SOURCES) | $(VENV)/bin/python
	@echo "installing Sharpcast; this happens once"
	@$(PIP) install -c constraints.txt -e .
	@touch $@

$(VENV)/installed-dev: $(SOURCES) | $(VENV)/bin/python
	@echo "installing Sharpcast and its test tools; this happens once"
	@$(PIP) install -c constraints.txt -e ".[$(EXTRAS)]"
	@touch $(VENV)/installed $@

$(VENV)/installed-fuzz: $(SOURCES) $(VENV)/installed-dev
	@$(PIP) install -c constraints.txt -e ".[$(EXTRAS),fuzz]"
	@touch $@

$(VENV)/installed-bench: $(SOURCES) $(VENV)/installed-dev
	@$(PIP) install -c constraints.txt -e ".[$(EXTRAS),bench]"
	@touch $@

$(VENV)/installed-quality: $(SOURCES) $(VENV)/installed-dev
	@$(PIP) install -c constraints.txt -e ".[$(EXTRAS),quality]"
	@touch $@

# Real browser and real Redis for the tests, where apt may install them; tests skip without.
browser:
	@missing=""; PATH="$$PATH:/usr/sbin:/sbin"; \
	for each in $(DEBIAN); do \
	  command -v $${each%:*} >/dev/null 2>&1 || missing="$$missing $${each#*:}"; \
	done; \
	[ -z "$$missing" ] && exit 0; \
	sudo=""; \
	if [ "$$(id -u)" != 0 ]; then sudo="sudo -n"; $$sudo true >/dev/null 2>&1 || sudo="no"; fi; \
	if command -v apt-get >/dev/null 2>&1 && [ "$$sudo" != no ]; then \
		echo "installing$$missing"; \
		export DEBIAN_FRONTEND=noninteractive; \
		$$sudo apt-get -qq update </dev/null >/dev/null 2>&1; \
		$$sudo apt-get -qq install -y --no-install-recommends $$missing </dev/null >/dev/null 2>&1 && exit 0; \
	fi; \
	echo "not installed:$$missing; the tests that need it are skipped"
