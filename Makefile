# Every target installs its own tools. You need Rust, a C compiler and Python 3 (with venv), and Node for
# `make test` only.

CARGO ?= cargo
PROFILE := local
STACK := target/venv-stack/bin/python infra/local/stack.py
CARGO_DENY_VERSION := 0.20.2
STACK_NAME ?= rightful-dev
# For `make deploy`: the template's parameters (`Stage=prod Architecture=arm64`), which the build needs
# too; region and profile (`--region … --profile …`); further options of `sam deploy`.
PARAMETERS ?=
AWS_FLAGS ?=
DEPLOY_FLAGS ?=
OVERRIDES = $(if $(strip $(PARAMETERS)),--parameter-overrides $(PARAMETERS))
CARGO_DENY := target/tools/bin/cargo-deny
# Has clippy compile the workspace: one pass builds the tests and lints them.
LINTED := RUSTC_WORKSPACE_WRAPPER=clippy-driver CLIPPY_ARGS=--deny__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__

.DEFAULT_GOAL := help
.PHONY: help build built-for-tests openapi up down demo test unit checks style lint deny advisories sbom supply workflow local recorded bench \
	prices deploy sam-check clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# By itself, so that two environments made at once do not both make it.
target/venv-pip/requirements.sha256: infra/local/setup.sh infra/pip/requirements.txt
	@infra/local/setup.sh pip

target/venv-%/requirements.sha256: target/venv-pip/requirements.sha256 infra/local/setup.sh infra/*/requirements.txt
	@infra/local/setup.sh $*

build: ## Build every binary for the embedded stack
	$(CARGO) build --locked --profile $(PROFILE) --workspace --bins

demo: target/venv-stack/requirements.sha256 build ## Erase one person from Qualifio, end to end, on this machine
	@target/venv-stack/bin/python infra/local/demo.py

up: target/venv-stack/requirements.sha256 build ## Start the local stack; see target/local/stack.json
	@$(STACK) up --link

down: target/venv-stack/requirements.sha256 ## Stop the local stack
	@$(STACK) down

test: ## Run every test
	@# The checks wait for downloads while the build works.
	@$(MAKE) --jobs=2 --output-sync=target built-for-tests checks
	@$(MAKE) unit local recorded
	@echo "make test: everything passed"

checks: style deny advisories supply workflow

style: ## Check formatting, and who may use whom
	$(CARGO) fmt --all --check
	python3 tests/layers/check.py

lint: style ## Check formatting, clippy, and who may use whom
	$(CARGO) clippy --locked --profile $(PROFILE) --workspace --all-targets -- --deny warnings

$(CARGO_DENY):
	CARGO_PROFILE_DEV_DEBUG=none CARGO_PROFILE_DEV_DEBUG_ASSERTIONS=false CARGO_PROFILE_DEV_OVERFLOW_CHECKS=false \
	CARGO_PROFILE_DEV_PANIC=abort $(CARGO) install cargo-deny --version $(CARGO_DENY_VERSION) --locked \
		--no-default-features --debug --root target/tools --target-dir target/tools/build

deny: $(CARGO_DENY) ## Check licences, sources and banned dependencies
	$(CARGO_DENY) --locked check bans licenses sources

# ADVISORIES=required, ADVISORY_DB=… and OSV_DB=… reach it through the environment; see docs/RELEASE.md.
advisories: $(CARGO_DENY) target/venv-supply/requirements.sha256 ## Report known vulnerabilities in the locks, and unchecked locks
	@target/venv-supply/bin/python infra/supply/advisories.py

sbom: target/venv-supply/requirements.sha256 ## Write bills of materials of the deployed binaries to target/sbom
	@target/venv-supply/bin/python infra/supply/sbom.py

supply: $(CARGO_DENY) target/venv-supply/requirements.sha256 ## Test the advisories, bills of materials, pins, workflows and versions
	$(CARGO) fetch --locked
	@target/venv-supply/bin/python tests/supply/check.py

workflow: target/venv-tools/requirements.sha256 ## Check templates, state machines, alarms, and the numbers of three pages
	tests/workflow/run.sh
	target/venv-tools/bin/python tests/observability/check.py static
	python3 tests/workflow/restart.py
	python3 tests/workflow/limits.py
	python3 tests/workflow/guide.py
	python3 infra/prices/prices.py check

# Everything in one build: cargo unifies the features within a build, and a separate build of the tests would compile
# the AWS SDK a second time.
built-for-tests:
	$(LINTED) $(CARGO) build --locked --profile $(PROFILE) --workspace --all-targets

openapi: ## Write infra/openapi.yaml from the console's routes and types
	OPENAPI=write $(CARGO) test --locked --profile $(PROFILE) -p rightful-console --no-default-features --test api \
		-- --exact contract::the_document_is_written_from_the_routes_and_the_types

unit: built-for-tests ## Run unit and contract tests
	@# More threads than cores: some tests wait for time-outs.
	$(LINTED) $(CARGO) test --locked --profile $(PROFILE) --workspace -- --skip end_to_end --test-threads 8

local: target/venv-stack/requirements.sha256 built-for-tests ## Run the end-to-end tests and the demo on the embedded stack
	$(LINTED) $(CARGO) test --locked --profile $(PROFILE) --workspace --test stack -- --test-threads 4
	@target/venv-stack/bin/python infra/local/demo.py

recorded: target/venv-tools/requirements.sha256 ## Check the records of `make local`: metrics, alarms and queries on its lines; each role's calls
	target/venv-tools/bin/python tests/observability/check.py all target/e2e
	@target/venv-tools/bin/python tests/privileges/check.py --records target/e2e --records target/demo

sam-check: target/venv-sam/requirements.sha256 ## Have SAM validate the templates, and build as for a real account
	AWS_DEFAULT_REGION=eu-central-1 target/venv-sam/bin/sam validate --lint
	AWS_DEFAULT_REGION=eu-central-1 target/venv-sam/bin/sam validate --lint --template-file infra/state/template.yaml
	PATH="$(CURDIR)/target/venv-sam/bin:$$PATH" target/venv-sam/bin/sam build

deploy: target/venv-sam/requirements.sha256 ## Build and deploy to the AWS account of your credentials; see docs/DEPLOY.md
	PATH="$(CURDIR)/target/venv-sam/bin:$$PATH" target/venv-sam/bin/sam build $(OVERRIDES)
	@# What is kept first: the rest imports it.
	target/venv-sam/bin/sam deploy --template-file infra/state/template.yaml --config-file "$(CURDIR)/samconfig.toml" \
		--stack-name $(STACK_NAME)-state --s3-prefix $(STACK_NAME)-state $(AWS_FLAGS) $(OVERRIDES) $(DEPLOY_FLAGS)
	PATH="$(CURDIR)/target/venv-sam/bin:$$PATH" target/venv-sam/bin/sam deploy \
		--stack-name $(STACK_NAME) --s3-prefix $(STACK_NAME) $(AWS_FLAGS) $(OVERRIDES) $(DEPLOY_FLAGS)
	@mkdir -p target/deploy
	target/venv-sam/bin/sam list stack-outputs --stack-name $(STACK_NAME) $(AWS_FLAGS) --output json \
		> target/deploy/outputs.json
	python3 infra/local/outputs.py < target/deploy/outputs.json > target/deploy/stack.json.part
	@mv target/deploy/stack.json.part target/deploy/stack.json
	@echo "deployed; use it with: rightful --stack target/deploy/stack.json …"

bench: target/venv-stack/requirements.sha256 ## Measure start, cold and warm times and sizes, beside a reference
	$(CARGO) build --locked --release --workspace --bins
	$(CARGO) build --locked --release -p rightful-package --example pack
	@target/venv-stack/bin/python tests/bench/bench.py
	@target/venv-stack/bin/python tests/bench/bench.py --packing

prices: target/venv-stack/requirements.sha256 build ## Count typical requests on the embedded stack, and write the cost of a month to docs/COST.md
	@target/venv-stack/bin/python infra/prices/count.py
	@python3 infra/prices/prices.py write

clean: down ## Remove everything that was built
	$(CARGO) clean
