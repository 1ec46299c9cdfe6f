# For users:      make quickstart   builds the tool and a real runc with it, and shows the proof
#                 make test         runs everything
#                 make static       builds a kmembuild that needs nothing of its host, for CentOS 7
#                 make install      installs the tool, its manual and its completions below PREFIX (/usr/local), in DESTDIR
#                 make man          writes the manual pages to target/man
#                 make test-cluster runs a Kubernetes cluster of three nodes, and releases on it
#                 make test-kubelet builds the real Kubernetes 1.20.2, which takes a quarter of an hour and more
#                 make test-nodes   boots machines and cuts their power; emulated, which takes half an hour and more; new, and
#                                   not seen to pass as a whole yet
# For developers: make check        format, lints, tests without an engine
#                 make bench        ratios against the bare commands
#                 make bench-kubelet  the same for Kubernetes 1.20.2
# Packages that are missing are installed where that can be done, and named where it cannot.

CARGO := cargo
# What is tested has all of it; what a user's first command compiles has not, see Cargo.toml.
ALL := --locked --features kubernetes
ARCH = $(shell dpkg --print-architecture)

# To compile the tool; to bootstrap Debian images with it; to test it against a registry and a git server, and elsewhere.
BUILD_PACKAGES := gcc libc6-dev pkg-config libssl-dev
RUN_PACKAGES := mmdebstrap
TEST_PACKAGES := busybox-static crun docker-registry git iproute2 nftables patchelf perl podman runc uidmap
# To read the manual, and to complete words in the shells that people use.
HELP_PACKAGES := groff zsh fish
# To give packages to the real package managers.
PACKAGING_PACKAGES := apt-utils binutils busybox-static createrepo-c dnf gnupg rpm shellcheck zstd
# To look at what is drawn, to mount a file system of the tests, to ask nodes over SSH and bring programs to them, and to try
# a runc whose system calls fail.
MACHINE_PACKAGES := ansible-core chromium dash fonts-dejavu-core fuse3 openssh-client openssh-server runc strace

# To boot machines.
NODE_PACKAGES := ansible-core e2fsprogs openssh-client qemu-system-x86 qemu-utils
# What a Kubernetes cluster takes besides its own programs, which are built.
CLUSTER_PACKAGES := busybox-static docker-registry docker.io etcd-server git iproute2 openssl perl runc

# To prove that a static program is one.
STATIC_PACKAGES := openssl strace

.PHONY: quickstart test test-cluster test-kubelet test-nodes check bench bench-kubelet static install toolchain engine man

# Where no engine answers, crun is one: nothing is started that stays.
quickstart: toolchain
	.ci/install-packages $(RUN_PACKAGES)
	.ci/which-engine >/dev/null
	$(CARGO) build --locked --release
	KMEMBUILD_ENGINE=$$(.ci/which-engine) && export KMEMBUILD_ENGINE && \
	target/release/kmembuild runc-debian && \
	dist/runc-debian/v1.0.0-rc93/linux-$(ARCH)/runc --version && \
	.ci/prove-by-running target/release/kmembuild dist/runc-debian/v1.0.0-rc93/linux-$(ARCH)/runc

test: check engine
	.ci/require-cgroup-v1
	.ci/install-packages $(RUN_PACKAGES) $(TEST_PACKAGES) $(PACKAGING_PACKAGES) $(MACHINE_PACKAGES)
	$(CARGO) test $(ALL) --test main -- engine:: runtime:: bundles:: builds:: release:: packaging:: machine:: rollout::

# One at a time: they share the cluster.
test-cluster: toolchain engine
	.ci/require-cgroup-v1
	.ci/install-packages $(BUILD_PACKAGES) $(RUN_PACKAGES) $(CLUSTER_PACKAGES) $(STATIC_PACKAGES)
	.ci/build-static
	$(CARGO) test $(ALL) --test main -- --test-threads 1 cluster::

# One at a time: they compile on all processors and share names on the engine.
test-kubelet: toolchain engine
	.ci/require-cgroup-v1
	.ci/install-packages $(RUN_PACKAGES) $(TEST_PACKAGES)
	$(CARGO) test $(ALL) --test main -- --test-threads 1 kubelet::

# One at a time: each machine takes a processor, and one test has five. KMEMBUILD_TEST_POWER_CUTS=100 cuts at more moments.
test-nodes: toolchain engine
	.ci/install-packages $(RUN_PACKAGES) $(NODE_PACKAGES)
	$(CARGO) test $(ALL) --test main -- --test-threads 1 --show-output nodes::

# More at a time than there are processors: many wait for something.
check: toolchain
	.ci/install-packages docker-registry git gnupg minisign openssl perl prometheus systemd $(HELP_PACKAGES)
	.ci/install-verifiers
	.ci/install-registry-tools
	$(CARGO) fmt --check
	$(CARGO) clippy $(ALL) --all-targets -- -D warnings
	$(CARGO) test $(ALL) --lib
	$(CARGO) test $(ALL) --test main -- --skip engine:: --skip runtime:: --skip bundles:: --skip builds:: --skip cluster:: --skip kubelet:: --skip machine:: --skip nodes:: --skip packaging:: --skip release:: --skip rollout:: --test-threads 4

bench: toolchain engine
	.ci/install-packages $(RUN_PACKAGES) apt-utils busybox-static createrepo-c crun docker-registry git gnupg openssl python3 rpm
	.ci/install-registry-tools
	$(CARGO) build --locked --release
	.ci/bench

bench-kubelet: toolchain engine
	.ci/install-packages $(RUN_PACKAGES) git python3 rsync
	$(CARGO) build --locked --release
	.ci/bench kubelet

man: toolchain
	$(CARGO) run --locked --quiet -- man target/man

PREFIX := /usr/local
DESTDIR :=
# What `make static` built, where it was run.
PROGRAM = $(firstword $(wildcard target/$(shell uname -m)-unknown-linux-*/release/kmembuild) target/release/kmembuild)
SHARE = $(DESTDIR)$(PREFIX)/share
# Of recipes that somebody has at home, nobody else has use for the manual.
WITHOUT_RECIPES = KMEMBUILD_CONFIG_DIR=$(CURDIR)/target/no-configuration

install: $(PROGRAM)
	install -D -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/kmembuild
	$(WITHOUT_RECIPES) $(PROGRAM) man $(SHARE)/man/man1
	install -d $(SHARE)/bash-completion/completions $(SHARE)/zsh/site-functions $(SHARE)/fish/vendor_completions.d
	$(WITHOUT_RECIPES) $(PROGRAM) completions bash >$(SHARE)/bash-completion/completions/kmembuild
	$(WITHOUT_RECIPES) $(PROGRAM) completions zsh >$(SHARE)/zsh/site-functions/_kmembuild
	$(WITHOUT_RECIPES) $(PROGRAM) completions fish >$(SHARE)/fish/vendor_completions.d/kmembuild.fish

target/release/kmembuild:
	$(MAKE) toolchain
	$(CARGO) build --locked --release

static: toolchain
	.ci/install-packages $(STATIC_PACKAGES)
	CARGO="$(CARGO)" .ci/build-static

toolchain:
	@command -v $(CARGO) >/dev/null || { \
		echo "cargo is missing: install Rust 1.95 or later (https://rustup.rs)" >&2; exit 1; }
	.ci/install-packages $(BUILD_PACKAGES)

engine:
	.ci/start-engine
