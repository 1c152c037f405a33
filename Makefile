# Everything from nothing: each target installs what it needs, configures and builds first.
#   make         build/bin/smelt            make check      all tests
#   make demo    the example models write   make sanitize   unit tests under ASan and UBSan
#   make fuzz    look for crashes           make lint       form of the source
#   make matrix  every architecture in every form and opset (an hour)
#   make clean   remove build/
.PHONY: build demo check sanitize fuzz lint matrix clean

build:
	@setup/install build
	@cmake --preset default --log-level=WARNING
	@cmake --build build

demo: build
	@setup/demo build/bin/smelt build/demo

check:
	@setup/install build check
	@$(MAKE) --no-print-directory build
	@ctest --preset default

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

lint:
	@setup/install build lint
	@cmake --preset default --log-level=WARNING
	@setup/lint

matrix:
	@setup/install build check
	@$(MAKE) --no-print-directory build
	@ctest --preset default -R '^fetch_onnxruntime$$'
	@cmake --build build --target matrix

clean:
	rm -rf build
