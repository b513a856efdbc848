# make demo     what aircheck does, on this machine, without internet
# make test     all tests; installs the parts they need
# make lint     formatting, clippy, documentation, the shape of the house
# make bench    what aircheck costs, against bounds; ONLY="idle list" for some parts (idle, tape, long, always, clip, list) of it
# make install  binary, service, manual and completions below PREFIX (and DESTDIR)
# make deb      a Debian package in target/; BINARY=… takes a binary that is there instead of building one
# make test-systemd  installs, upgrades, kills and purges that package in a booted Debian; as root

PREFIX ?= /usr/local
DESTDIR ?=
SYSCONFDIR ?= /etc

CARGO ?= cargo
# Said to cargo, because a person's own configuration of cargo may name another folder.
TARGET_DIR ?= $(or $(CARGO_TARGET_DIR),target)
RELEASE = --locked --release --target-dir "$(TARGET_DIR)"
BINARY = "$(TARGET_DIR)/release/aircheck"

# A machine that has Rust may still lack a C compiler, which SQLite and the TLS library are built with.
BUILD_PARTS = cc=build-essential /etc/ssl/certs/ca-certificates.crt=ca-certificates
RUN_PARTS = ffmpeg=ffmpeg rtmpdump=rtmpdump
TEST_PARTS = nginx=nginx /usr/lib/nginx/modules/ngx_rtmp_module.so=libnginx-mod-rtmp icecast2=icecast2 podget=podget \
	mutagen-inspect=python3-mutagen systemd-analyze=systemd chromium=chromium /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc=fonts-noto-cjk \
	/usr/lib/python3/dist-packages/aiosmtpd=python3-aiosmtpd

# Most tests wait for the clock of a radio station, not for a processor, so more of them run than there are processors: those
# of single parts, those of everything together (of which those with many recordings wait for each other, see
# tests/support/cases.rs), and by themselves those that keep processors busy (browsers, listeners, other people's programs),
# so that no station of the others is starved.
PART_THREADS ?= 6
TEST_THREADS ?= 24
BUSY_THREADS ?= 4
BUSY = browser:: feeds:: guard:: live::

DEB_PARTS = dpkg-shlibdeps=dpkg-dev strip=binutils

.PHONY: all build demo test test-systemd lint bench deb install uninstall clean

all: build

build:
	.ci/packages $(BUILD_PARTS)
	$(CARGO) build $(RELEASE)

# A build that is quick to make, not quick to run: who looks for the first time should not wait for the compiler.
demo:
	.ci/packages $(BUILD_PARTS) $(RUN_PARTS)
	$(CARGO) build --locked --target-dir "$(TARGET_DIR)"
	"$(TARGET_DIR)/debug/aircheck" demo

test:
	.ci/packages $(BUILD_PARTS) $(RUN_PARTS) $(TEST_PARTS)
	tests/axe/fetch
	tests/weed/fetch
	tests/hlsjs/fetch
	RUST_TEST_THREADS=$(PART_THREADS) $(CARGO) test --locked --lib --bins
	RUST_TEST_THREADS=$(TEST_THREADS) $(CARGO) test --locked --test suite -- $(BUSY:%=--skip %)
	RUST_TEST_THREADS=$(BUSY_THREADS) $(CARGO) test --locked --test suite -- $(BUSY)

# The last line is also part of `make test`; it is quick, and tells a wrong import before anything long runs.
lint:
	.ci/packages $(BUILD_PARTS)
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps --document-private-items
	$(CARGO) test --locked --quiet --test suite house::

# Measures the machine as much as the program, and so is no part of `make test`.
bench:
	.ci/packages $(BUILD_PARTS) $(RUN_PARTS) nginx=nginx python3=python3
	$(CARGO) build $(RELEASE)
	tests/bench/run --binary $(BINARY) $(ONLY)

# One that was built elsewhere needs no cargo here: make deb BINARY=/path/to/aircheck
deb: $(if $(filter command,$(origin BINARY)),,build)
	.ci/packages $(DEB_PARTS)
	packaging/debian/build $(BINARY) "$(TARGET_DIR)"

# A minute or two longer than the shows that it records. It boots a system, which not every machine lets one do.
test-systemd:
	.ci/packages $(BUILD_PARTS) $(RUN_PARTS) $(DEB_PARTS) systemd-analyze=systemd ip=iproute2
	tests/systemd/run

# Built beforehand by `make build`, so that `sudo make install` needs no cargo.
install:
	@test -x $(BINARY) || { echo "run 'make build' first"; exit 1; }
	install -D -m 755 $(BINARY) $(DESTDIR)$(PREFIX)/bin/aircheck
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's#/usr/bin/aircheck#$(PREFIX)/bin/aircheck#' systemd/aircheck.service \
		> $(DESTDIR)$(PREFIX)/lib/systemd/system/aircheck.service
	chmod 644 $(DESTDIR)$(PREFIX)/lib/systemd/system/aircheck.service
	install -m 644 systemd/aircheck.socket $(DESTDIR)$(PREFIX)/lib/systemd/system/aircheck.socket
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/user
	sed 's#/usr/bin/aircheck#$(PREFIX)/bin/aircheck#' systemd/aircheck.user.service \
		> $(DESTDIR)$(PREFIX)/lib/systemd/user/aircheck.service
	chmod 644 $(DESTDIR)$(PREFIX)/lib/systemd/user/aircheck.service
	$(BINARY) man $(DESTDIR)$(PREFIX)/share/man/man1
	install -D -m 644 systemd/aircheck.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/aircheck.conf
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/share/zsh/site-functions \
		$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	$(BINARY) completions bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/aircheck
	$(BINARY) completions zsh > $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_aircheck
	$(BINARY) completions fish > $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/aircheck.fish
	test -e $(DESTDIR)$(SYSCONFDIR)/aircheck/stations.yaml || \
		install -D -m 644 systemd/stations.yaml $(DESTDIR)$(SYSCONFDIR)/aircheck/stations.yaml
	@if [ -z "$(DESTDIR)" ] && [ -d /run/systemd/system ]; then \
		systemd-sysusers $(PREFIX)/lib/sysusers.d/aircheck.conf && systemctl daemon-reload && \
		install -d -o aircheck -g aircheck -m 755 /var/lib/aircheck; \
	fi
	@echo "Now edit $(SYSCONFDIR)/aircheck/stations.yaml, then: systemctl enable --now aircheck"

# Leaves the configuration, the recordings and the user.
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/aircheck $(DESTDIR)$(PREFIX)/lib/systemd/system/aircheck.service \
		$(DESTDIR)$(PREFIX)/lib/systemd/system/aircheck.socket $(DESTDIR)$(PREFIX)/lib/systemd/user/aircheck.service \
		$(DESTDIR)$(PREFIX)/share/man/man1/aircheck.1 $(DESTDIR)$(PREFIX)/share/man/man1/aircheck-*.1 \
		$(DESTDIR)$(PREFIX)/lib/sysusers.d/aircheck.conf \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/aircheck \
		$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_aircheck \
		$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/aircheck.fish

clean:
	$(CARGO) clean
