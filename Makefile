# For users:      make quickstart   builds the tool and a real runc with it, and shows the proof
#                 make test         runs everything
# For developers: make check        format, lints, tests without an engine
#                 make bench        ratios against the bare commands
# Packages that are missing are installed where that can be done, and named where it cannot.

CARGO := cargo
ARCH = $(shell dpkg --print-architecture)

# To compile the tool; to bootstrap Debian images with it; to test it against a registry and a git server.
BUILD_PACKAGES := gcc libc6-dev pkg-config libssl-dev
RUN_PACKAGES := mmdebstrap
TEST_PACKAGES := docker-registry git

.PHONY: quickstart test check bench toolchain engine

quickstart: toolchain engine
	.ci/install-packages $(RUN_PACKAGES)
	$(CARGO) build --locked --release
	target/release/kmembuild runc-debian
	dist/runc-debian/v1.0.0-rc93/linux-$(ARCH)/runc --version

test: check engine
	.ci/install-packages $(RUN_PACKAGES) $(TEST_PACKAGES)
	$(CARGO) test --locked --test main -- engine:: builds::

check: toolchain
	.ci/install-packages git
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	$(CARGO) test --locked --lib
	$(CARGO) test --locked --test main -- --skip engine:: --skip builds::

bench: toolchain engine
	.ci/install-packages $(RUN_PACKAGES) git python3
	$(CARGO) build --locked --release
	.ci/bench

toolchain:
	@command -v $(CARGO) >/dev/null || { \
		echo "cargo is missing: install Rust 1.95 or later (https://rustup.rs)" >&2; exit 1; }
	.ci/install-packages $(BUILD_PACKAGES)

engine:
	.ci/start-engine
