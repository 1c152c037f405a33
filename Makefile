# Everything from nothing: each target installs what it needs, configures and builds first.
#   make         build/bin/smelt            make check      all tests
#   make demo    run the example models     make sanitize   all tests under ASan and UBSan
#   make fuzz    look for crashes           make lint       form of the source
#   make matrix  every architecture in every form and opset (half an hour)
#   make shapes  models of the sizes that hubs have, against ONNX Runtime (three minutes, 6 GB of disk)
#   make bench   compare with other engines make clean      remove build/
#   make package a .deb and a .tar.gz in build/packages
#   make windows run programs for Windows under wine (700 MB of packages)
#   make browser run a model in a page in headless Chromium (300 MB of packages)
.PHONY: build demo package check windows sanitize fuzz bench lint matrix shapes browser clean

build:
	@setup/install build
	@cmake --preset default --log-level=WARNING
	@cmake --build build

demo: build
	@setup/demo build/bin/smelt build/demo

# The same bytes whenever and wherever they are made: files are as old as the commit, folders are everybody's.
package:
	@setup/install build package
	@$(MAKE) --no-print-directory build
	@cd build && umask 022 && SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH-$$(git log -1 --format=%ct 2>/dev/null || echo 0)} cpack

check:
	@setup/install build package check
	@$(MAKE) --no-print-directory build
	@ctest --preset default

# Programs for Windows, in wine, which no other target installs.
windows:
	@setup/install build check windows
	@$(MAKE) --no-print-directory build
	@cd build && ctest --output-on-failure -R '^windows'

sanitize:
	@setup/install build check sanitize
	@cmake --preset sanitize --log-level=WARNING
	@cmake --build build/sanitize
	@ctest --preset sanitize

# SECONDS of all targets together.
SECONDS = 600
fuzz:
	@setup/install build check fuzz
	@cmake --preset fuzz --log-level=WARNING
	@cmake --build --preset fuzz
	@setup/fuzz build/fuzz $(SECONDS)

# QUICK=1: a first look. ROWS=gpt2,minilm PRECISIONS=f32 THREADS=1 REPEATS=3: some of it (docs/performance.md).
bench:
	@setup/install build bench
	@$(MAKE) --no-print-directory build
	@setup/npm build/npm onnxruntime-node
	@setup/npm build/npm @node-llama-cpp/linux-x64
	@/usr/bin/python3 -B tests/bench/bench.py $(if $(QUICK),--quick) $(if $(ROWS),--rows $(ROWS)) \
	  $(if $(PRECISIONS),--precisions $(PRECISIONS)) $(if $(THREADS),--threads $(THREADS)) \
	  $(if $(REPEATS),--repeats $(REPEATS))

lint:
	@setup/install build lint
	@cmake --preset default --log-level=WARNING
	@setup/lint

matrix:
	@setup/install build check
	@$(MAKE) --no-print-directory build
	@ctest --preset default -R '^fetch_onnxruntime$$'
	@cmake --build build --target matrix

shapes:
	@setup/install build check
	@$(MAKE) --no-print-directory build
	@ctest --preset default -R '^fetch_onnxruntime$$'
	@cmake --build build --target shapes

# The page of examples/browser in headless Chromium, which no other target installs.
browser:
	@setup/install build check browser
	@$(MAKE) --no-print-directory build
	@ctest --preset default -R '^wasm_browser$$'

clean:
	rm -rf build
