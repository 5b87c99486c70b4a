# coppice: two commands are enough, `make run` and `make test`. The work is done by scripts/.

PREFIX ?= /usr/local
DESTDIR ?=
FUZZ_SECONDS ?= 60
export FUZZ_SECONDS

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

##@ Use
.PHONY: run install
run: ## install what is needed, build, serve ./coppice-data on port 5000
	@scripts/run.sh
install: ## install program, library, unit and completion below PREFIX (/usr/local)
	@scripts/install.sh "$(DESTDIR)" "$(PREFIX)"

##@ Check
.PHONY: test test-all soak fuzz bench tour lint
test: ## install what is needed, build, run all tests; the threaded ones also under TSan
	@scripts/test.sh
test-all: ## all tests, then all of them again under ASan and TSan
	@scripts/test.sh all
soak: ## kill -9 the server under load, damage its files, fill its disk, again and again; use collections at random
	@scripts/run-part.sh soak
	@DAMAGE_TRIALS=$${DAMAGE_TRIALS:-60} python3 tests/e2e/damage_test.py
	@DISK_FULL_ROUNDS=$${DISK_FULL_ROUNDS:-40} python3 tests/e2e/disk_full_test.py
	@scripts/build.sh test collections_soak
	@build/test/bin/collections_soak
fuzz: ## run every fuzzer for FUZZ_SECONDS (60)
	@scripts/fuzz.sh
bench: ## build the benchmarks optimised and run them beside their peers
	@scripts/run-part.sh bench
tour: ## a guided tour: the program's main ideas on a real server
	@scripts/run-part.sh tour
lint: ## layout, clang-tidy, tidy tests, shellcheck (ALL=1: not only changed files)
	@scripts/lint.sh

##@ Work
.PHONY: format clean help
format: ## lay out all C++ files
	@scripts/format.sh
clean: ## remove what was built
	@rm -rf build
help: ## this list
	@awk 'BEGIN { FS = ":.*## " } /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
