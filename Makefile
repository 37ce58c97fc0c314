# phonewire: `make` lists the verbs. Each sets up what it needs: a .venv of its own and the compiled core.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.dependencies
CORE   := $(VENV)/.core
RIVALS := $(VENV)/.rivals
PAGES  := $(VENV)/.pages
TOOLS  := $(VENV)/.tools
CALL_RIVALS := $(VENV)/.call-rivals
FLOOR  := benchmarks/floor/floor
PHONES := benchmarks/phones/phones
WS     := tests/interop/node_modules/ws/package.json
# The runs share what Python and pytest make of the sources, and so do the processes that tests start.
export PYTHONDONTWRITEBYTECODE :=
# Python compiles what it imports, which is a part of what is installed.
export PIP_COMPILE := 0
# Four runs of the tests at a time, as some wait for processes, the longest first, and the output of each in one piece;
# make 3.81, which macOS has, mixes their lines.
WHOLE_OUTPUT := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)
CORE_SOURCES := setup.py $(wildcard native/*.[ch] native/*/*.[ch] src/phonewire/_native/*.pyx src/phonewire/_native/*.pxd)

# The calls whose audio and messages pass through the core: each protocol, and each thing that is done to
# audio. Connections, limits, disks and cancelling know nothing of a backend.
AUDIO := $(addprefix tests/aio/,test_das_peak.py test_published_client.py test_audiosocket.py \
  test_audiosocket_rates.py test_audiohook_call.py test_audio_connector.py test_voipbin_call.py \
  test_voipbin_matrix.py test_bad_input.py server/test_server.py server/test_external_media.py call/test_call.py \
  inbound conference/test_inlet.py conference/test_conference.py monitor/test_overheard.py \
  recording/test_recorder.py outbound/test_playback.py outbound/test_barge_in.py)
# What starts processes, and waits for them more than it works.
COMMANDS := $(addprefix tests/,cli docs interop web plugin cluster)
# What is the same with every instruction set: RTP, and what may be an argument.
NO_KERNELS := --ignore-glob='tests/core/test_rtp_*.py' --ignore=tests/core/test_buffers.py \
  --ignore=tests/core/test_build.py
# What asks for both backends itself, and the lives of connections, which see only what was parsed; TLS knows nothing of
# a backend either.
BOTH_BACKENDS := --ignore-glob='tests/core/test_*parity.py' --ignore=tests/core/test_memory.py \
  --ignore=tests/core/test_build.py --ignore-glob='tests/protocols/test_*_states.py'
# What runs on the fake clock alone, and so on no other loop, or on none.
FAKE_CLOCK := $(patsubst %,--ignore=tests/aio/server/test_%.py,voipbin_server external_media watch quiet_far_ends \
  audiohook_handshake audiohook_refusals admission transport_choice)

.PHONY: help setup demo test test-native test-native-calls test-native-faults test-native-commands test-native-rest test-uvloop test-pure test-scalar test-interop test-cluster bench bench-calls drill soak check-native fuzz coverage wheels docs lint types clean

help:  ## list the verbs
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 24

setup: $(CORE)  ## make .venv and build the compiled core

demo: $(CORE)  ## carry real speech over every protocol and check each claim
	$(BIN)/phonewire demo

test: $(CORE)  ## run the tests: native, native on uvloop, pure, and native without SIMD
	@$(MAKE) --no-print-directory -j4 $(WHOLE_OUTPUT) test-native-calls test-native-commands test-native-rest test-pure test-native-faults test-uvloop test-scalar

test-native: test-native-calls test-native-faults test-native-commands test-native-rest

test-native-calls: $(CORE)
	PHONEWIRE_BACKEND=native $(BIN)/python -m pytest tests/aio

test-native-faults: $(CORE)
	PHONEWIRE_BACKEND=native $(BIN)/python -m pytest tests/faults

test-native-commands: $(CORE)
	PHONEWIRE_BACKEND=native $(BIN)/python -m pytest $(COMMANDS)

test-native-rest: $(CORE)
	PHONEWIRE_BACKEND=native $(BIN)/python -m pytest --ignore=tests/aio --ignore=tests/faults $(COMMANDS:%=--ignore=%)

# What talks to the event loop, on the other loop that people use.
test-uvloop: $(CORE)
	PHONEWIRE_BACKEND=native PHONEWIRE_TEST_LOOP=uvloop $(BIN)/python -m pytest tests/aio/server tests/aio/test_audiosocket.py $(FAKE_CLOCK)

test-pure: $(CORE)
	PHONEWIRE_BACKEND=pure $(BIN)/python -m pytest tests/core tests/protocols $(AUDIO) $(BOTH_BACKENDS) -k "not wss"

test-scalar: $(CORE)
	PHONEWIRE_BACKEND=native PHONEWIRE_ISA=scalar $(BIN)/python -m pytest tests/core $(NO_KERNELS)

test-interop: $(CORE) $(WS)  ## run clients that others have published, on Python, Node and Chromium, against servers here
	PHONEWIRE_INTEROP=1 $(BIN)/python -m pytest tests/interop

test-cluster: $(CORE)  ## run two servers and a Redis behind HAProxy and nginx, stop one and kill the other
	PHONEWIRE_CLUSTER=1 $(BIN)/python -m pytest -s tests/cluster

bench: $(CORE) $(RIVALS)  ## measure the core against what it replaces
	$(BIN)/python -m benchmarks

bench-calls: $(CORE) $(FLOOR) $(PHONES) $(CALL_RIVALS)  ## measure calls in real time: pacing, cost and capacity, beside others' servers
	$(BIN)/python -m benchmarks.calls

drill: $(CORE) $(FLOOR)  ## kill, stop and flood real servers, beside a probe of this machine
	$(BIN)/python -m tests.drills

soak: $(CORE) $(FLOOR)  ## carry 200 calls for 10 minutes, every frame stamped
	$(BIN)/python -m tests.soak

check-native: ## run every kernel against scalar, plain, under ASan + UBSan, and for other processors under qemu
	$(MAKE) -C tests/native check

fuzz: ## throw 25 million inputs at each fuzz target, or as many as 10 minutes take, under ASan + UBSan
	$(MAKE) -C tests/native fuzz

coverage: $(CORE)  ## check that the tests of each engine, codec and authenticator run every branch of it
	$(BIN)/python -m tests.covered

wheels: $(READY) $(TOOLS)  ## build wheels for each CPython of this machine, twice, and prove them; they are left in dist/
	$(BIN)/python -m tests.wheels $(WHEELS)

docs: $(CORE) $(PAGES)  ## make pages of docs/ and of the docstrings, in docs/_build/html; a warning is an error
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

lint: $(CORE) $(TOOLS)  ## style, and what the workflows may do
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/zizmor --quiet --offline .github

types: $(CORE) $(TOOLS)  ## static types: ours, the stubs, and what users see of both
	$(BIN)/mypy
	$(BIN)/mypy tests/typing examples
	$(BIN)/pyright
	$(BIN)/python -m mypy.stubtest phonewire._native

clean:  ## remove everything that was made
	rm -rf $(VENV) build dist docs/_build .coverage src/*.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
	rm -f src/phonewire/_native/*.so src/phonewire/_native/*.c
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	rm -rf $(FLOOR) $(PHONES) tests/interop/node_modules
	$(MAKE) -C tests/native clean

# pip 25.1 is the first that reads dependency groups.
$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and f"phonewire needs Python 3.11 or newer, {sys.executable} is {sys.version.split()[0]}; say make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade "pip>=25.1" "setuptools>=77" "Cython>=3.3,<4"
	$(BIN)/pip install --quiet --group test --group examples --group interop
	@touch $@

# What a change needs and its tests do not.
$(TOOLS): $(READY) pyproject.toml
	$(BIN)/pip install --quiet --group dev
	@touch $@

$(RIVALS): $(READY) pyproject.toml
	$(BIN)/pip install --quiet --group bench
	@touch $@

# pipecat brings much along; where it cannot be installed, its goal is not measured, which the run says, and fails.
$(CALL_RIVALS): $(READY) pyproject.toml
	$(BIN)/pip install --quiet --group bench-calls
	$(BIN)/pip install --quiet --group bench-pipecat || echo "pipecat cannot be installed here: its goal is not measured" >&2
	@touch $@

$(PAGES): $(READY) pyproject.toml
	$(BIN)/pip install --quiet --group docs
	@touch $@

$(WS): tests/interop/package.json tests/interop/package-lock.json
	@command -v npm >/dev/null || { echo "make test-interop needs node and npm: apt-get install nodejs npm, or https://nodejs.org" >&2; exit 1; }
	npm --prefix tests/interop ci --silent --no-audit --no-fund
	@touch $@

$(FLOOR): benchmarks/floor/floor.c
	$(CC) -std=c11 -O2 -Wall -Wextra -Werror -o $@ $<

$(PHONES): $(wildcard benchmarks/phones/*.[ch])
	$(CC) -std=c11 -O2 -Wall -Wextra -Werror -o $@ $(filter %.c,$^)

# Editable, so that Python sources need no step; C and Cython sources rebuild through this rule.
$(CORE): $(READY) $(CORE_SOURCES)
	PHONEWIRE_REQUIRE_NATIVE=1 $(BIN)/pip install --quiet --no-build-isolation --editable ".[cli]"
	@touch $@
