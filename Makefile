# Targets for people at work on edgerun; tools/test.sh is what CI runs.

GO ?= go
FUZZTIME ?= 30s
ARMCOST ?= ../shared/tools/armcost
NET ?= mobilenet_v2
CORES ?= a53,a72,a76

.PHONY: help check test test-quick race fuzz bench cross armcost

help:
	@echo "make check       format, vet for several platforms, build for all of them, staticcheck where it is installed"
	@echo "make test        everything that CI runs: check, emulated CPUs, race, short fuzzing, all tests"
	@echo "make test-quick  the tests on this machine only"
	@echo "make cross       the tests on emulated CPUs and other architectures"
	@echo "make race        the race detector"
	@echo "make fuzz        every fuzz target for FUZZTIME=$(FUZZTIME)"
	@echo "make bench       benchmarks"
	@echo "make armcost     modelled cycles of NET=$(NET) on CORES=$(CORES), each operator; needs armcost in ARMCOST=$(ARMCOST)"

check:
	GO="$(GO)" tools/ci/check.sh

test:
	tools/test.sh

test-quick:
	$(GO) test ./...

cross:
	tools/ci/cross.sh

race:
	$(GO) test -race -short ./...

fuzz:
	GO="$(GO)" tools/ci/fuzz.sh $(FUZZTIME)

bench:
	$(GO) test -run '^$$' -bench . -benchmem ./...

armcost:
	@GO="$(GO)" ARMCOST="$(ARMCOST)" NET="$(NET)" CORES="$(CORES)" tools/armcost.sh
