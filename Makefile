# iscsi-init. `make help` says what there is to make.
# SPDX-License-Identifier: MIT

VERSION = 0.2.0

NATIVE := $(patsubst aarch64,arm64,$(patsubst armv%,armhf,$(shell uname -m)))
ARCH ?= $(NATIVE)
ARCHES = x86_64 arm64 armhf riscv64
# Bytes: a guard against accidents, not an aim. A packager's own flags make it a warning.
# arm64 has 64 KiB more: its instructions are larger, and its linker does not pack relocations.
limit_of = $(if $(filter arm64,$1),589824,524288)
LIMIT = $(call limit_of,$(ARCH))
ifeq ($(filter $(ARCH),$(ARCHES))$(SYSTEM_LIBS),)
$(error no architecture '$(ARCH)': expected ARCH=$(subst $(eval) ,|,$(ARCHES)))
endif
PREFIX ?= /usr/local
SECONDS ?= 60
COUNT ?= 300
SEED ?= 1
MINUTES ?= 10
GUESTS ?= 20
JOBS ?= 2

comma = ,
Q = $(if $(V),,@)
say = $(if $(V),,@echo '  $1')

WARNINGS = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
CPPFLAGS_ALL = -std=gnu11 -D_GNU_SOURCE -I. -DISCSI_INIT_VERSION='"$(VERSION)"' $(CPPFLAGS)
# What is in CFLAGS, CPPFLAGS and LDFLAGS of the environment or the command line comes last, so that it wins.
CFLAGS_ALL = -fPIE -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -fno-unwind-tables \
	-ffile-prefix-map=$(CURDIR)=. $(WARNINGS) $(shell deps/flags $(ARCH) $(if $(SYSTEM_LIBS),,whole)) $(CFLAGS)
# relro is applied by sys/relro.c: musl's start of a static program does not. Dynamic tags in reserve are for prelink. What is
# optimized in one part has 1.2 KB less code than in several, which do not know each other's functions.
LDFLAGS_ALL = -static-pie -Wl,--gc-sections,-z,relro,-z,now,-z,noexecstack,-z,separate-code,--hash-style=gnu \
	-Wl,--build-id=none,--spare-dynamic-tags=0 $(if $(SYSTEM_LIBS),,-flto-partition=one) \
	$(if $(filter x86_64,$(ARCH)),-Wl$(comma)-z$(comma)pack-relative-relocs) $(if $(LAYOUT),-T $(LAYOUT)) $(LDFLAGS)
STRIP = $(if $(filter -g%,$(CFLAGS)),cp $1 $2,$$($(CC) -print-prog-name=strip) -o $2 $1)
SANITIZE = -g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all

ifdef SYSTEM_LIBS
O = build/system
CC := $(if $(filter default,$(origin CC)),gcc,$(CC))
PKG_CONFIG ?= pkg-config
LIBRARIES = libkmod libzstd liblzma zlib
LIMIT = 1048576
ifneq ($(shell $(PKG_CONFIG) --exists $(LIBRARIES) && echo found),found)
$(error SYSTEM_LIBS=1: $(PKG_CONFIG) does not find all of $(LIBRARIES): install what this musl system has to link them statically)
endif
CPPFLAGS_ALL += $(shell $(PKG_CONFIG) --cflags $(LIBRARIES))
LIBS = $(shell $(PKG_CONFIG) --static --libs $(LIBRARIES)) -lmbedcrypto
else
O = build/$(ARCH)$(if $(TRAP),-trap)
CC = build/$(ARCH)/libs/bin/musl-gcc
LIBS = -lkmod -lz -lzstd -llzma -lmbedcrypto
LIBRARIES_BUILT = build/$(ARCH)/libs.stamp
LAYOUT = $(if $(filter arm64,$(ARCH)),$(O)/layout.ld)
endif
ifdef TRAP# undefined behaviour ends the program at once
CFLAGS_ALL += -fsanitize=undefined -fsanitize-undefined-trap-on-error
LIMIT = 1048576
endif

HOST_CC = gcc
CLANG = clang
HOST_FLAGS = -isystem build/host/libs/include $(CPPFLAGS_ALL) $(WARNINGS) $(SANITIZE)
HOST_LIBS = -Lbuild/host/libs/lib -lkmod -lz -lzstd -llzma -lmbedcrypto

SIM_FLAGS = -isystem build/host/libs/include $(CPPFLAGS_ALL) $(WARNINGS) -g -O2
# In a simulated storm the product's calls of the system go to test/sim/sockets.c.
wrapped = socket connect setsockopt getsockopt getpeername poll close send recv
WRAP = $(wrapped:%=-Wl,--wrap=%)

folders = proto sys login plan net session root boot supervisor command
sources := $(wildcard *.c $(folders:%=%/*.c))
objects := $(sources:%.c=$(O)/%.o)
parts := $(filter-out main.c,$(sources))
sims := $(filter-out test/sim/main.c,$(wildcard test/sim/*.c))
units := $(patsubst test/unit/%.c,build/host/unit/%,$(wildcard test/unit/*.c))
fuzzers := $(patsubst test/fuzz/%.c,build/fuzz/run/%,$(wildcard test/fuzz/*.c))
tests := $(wildcard test/lint/*.t test/fuzz/*.t test/host/*.t test/net/*.t test/boot/*.t)
slow_tests := $(wildcard test/full/*.t)

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all fetch dist debug deb rpm size limit unit fuzz lint test test-full test-binaries mutate storms soak booted demo fleet bench install uninstall clean help force

all: $(if $(SYSTEM_LIBS)$(TRAP)$(filter-out $(NATIVE),$(ARCH)),$(O)/iscsi-init,iscsi-init)

iscsi-init: $(O)/iscsi-init
	$(Q)cp $< $@

$(O)/iscsi-init: $(O)/iscsi-init.symbols deps/check
	$(Q)$(call STRIP,$<,$@)
	$(Q)deps/check $@ $(LIMIT) $(if $(strip $(CFLAGS)$(CPPFLAGS)$(LDFLAGS)),warn)

$(O)/iscsi-init.symbols: $(objects) $(LAYOUT)
	$(call say,LINK $@)
	$(Q)$(CC) $(LDFLAGS_ALL) $(CFLAGS_ALL) -o $@ $(objects) $(LIBS)

$(O)/layout.ld: deps/layout $(LIBRARIES_BUILT)
	$(Q)deps/layout $(CC) >$@

$(O)/%.o: %.c Makefile deps/flags $(LIBRARIES_BUILT)
	@mkdir -p $(@D)
	$(call say,CC   $@)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

# The libraries stay in a cache outside the repository; a stamp whose cache is gone counts for nothing.
build/%/libs.stamp: deps/lock deps/build deps/flags $(wildcard deps/*.c)
	$(Q)deps/install build $(if $(filter-out host $(NATIVE),$*),cross-$*)
	$(Q)deps/together deps/build $* build/$*/libs
	@touch $@
$(foreach arch,host $(ARCHES),$(if $(wildcard build/$(arch)/libs/complete),,$(eval build/$(arch)/libs.stamp: force)))

dist:
	$(Q)deps/install build cross
	$(Q)for arch in $(ARCHES); do $(MAKE) --no-print-directory ARCH=$$arch TRAP= || exit; done
	$(Q)deps/dist $(VERSION) $(ARCHES)

# What a build needs from the network, for one without: then make finds all of it in the cache.
fetch:
	$(Q)deps/install build
	$(Q)deps/fetch >/dev/null

# The symbols of the program that is delivered: it is linked once more with them, and has to have the same code.
debug: $(O)/iscsi-init.debug

$(O)/iscsi-init.debug: $(O)/iscsi-init
	$(Q)$(MAKE) --no-print-directory O=$(O)-debug LIMIT=0 CFLAGS='$(CFLAGS) -g' $(O)-debug/iscsi-init
	$(Q)deps/debug $$($(CC) -print-prog-name=objcopy) $< $(O)-debug/iscsi-init $@

# Packages of the program for ARCH, in build/packages.
deb rpm:
	$(Q)deps/install build package
	$(Q)$(MAKE) --no-print-directory all debug
	$(Q)rm -rf build/$@ && $(MAKE) --no-print-directory install DESTDIR=$(CURDIR)/build/$@/root PREFIX=/usr >/dev/null
	$(Q)$$($(CC) -print-prog-name=objcopy) --add-gnu-debuglink=$(O)/iscsi-init.debug build/$@/root/usr/sbin/iscsi-init
	$(Q)packaging/$@ $(VERSION) $(ARCH) build/$@ $(O)/iscsi-init.debug

size:
	@deps/check --sizes $(foreach arch,$(ARCHES),$(arch)=$(call limit_of,$(arch)))

limit:
	@echo $(LIMIT)

# Tests of C code: the host's compiler with its sanitizers, each test linked with just the objects that it names.
build/host/%.o: %.c Makefile build/host/libs.stamp
	@mkdir -p $(@D)
	$(call say,CC   $@)
	$(Q)$(HOST_CC) $(HOST_FLAGS) -MMD -MP -c -o $@ $<

build/fuzz/%.o: %.c Makefile build/host/libs.stamp
	@mkdir -p $(@D)
	$(call say,CC   $@)
	$(Q)$(CLANG) $(HOST_FLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<

build/sim/%.o: %.c Makefile build/host/libs.stamp
	@mkdir -p $(@D)
	$(call say,CC   $@)
	$(Q)$(HOST_CC) $(SIM_FLAGS) -MMD -MP -c -o $@ $<

build/host/libproject.a: $(parts:%.c=build/host/%.o)
build/fuzz/libproject.a: $(parts:%.c=build/fuzz/%.o)
build/sim/libproject.a: $(parts:%.c=build/sim/%.o)
build/%/libproject.a:
	$(Q)rm -f $@ && ar qcsD $@ $^

build/host/unit/%: build/host/test/unit/%.o build/host/libproject.a
	@mkdir -p $(@D)
	$(call say,LINK $@)
	$(Q)$(HOST_CC) $(SANITIZE) -o $@ $^ -lcmocka $(HOST_LIBS) -Wl,--as-needed -lblkid

build/host/unit/storm: build/host/test/unit/storm.o $(sims:%.c=build/host/%.o) build/host/libproject.a
	@mkdir -p $(@D)
	$(call say,LINK $@)
	$(Q)$(HOST_CC) $(SANITIZE) $(WRAP) -o $@ $^ -lcmocka $(HOST_LIBS)

build/sim/storm: build/sim/test/sim/main.o $(sims:%.c=build/sim/%.o) build/sim/libproject.a
	$(call say,LINK $@)
	$(Q)$(HOST_CC) $(WRAP) -o $@ $^ $(HOST_LIBS)

build/fuzz/run/%: build/fuzz/test/fuzz/%.o build/fuzz/libproject.a
	@mkdir -p $(@D)
	$(call say,LINK $@)
	$(Q)$(CLANG) $(SANITIZE) -fsanitize=fuzzer -o $@ $^ $(HOST_LIBS)

test-binaries: $(units) $(fuzzers)

unit: $(units)
	CMOCKA_MESSAGE_OUTPUT=TAP deps/together prove -j$(JOBS) -e '' $(units)

fuzz: $(fuzzers)
	FUZZ_SECONDS=$(SECONDS) deps/together prove -v test/fuzz/fuzz.t

mutate: $(units) build/host/libproject.a
	$(Q)test/mutate/run $(COUNT) $(SEED) '$(FILES)' -- $(HOST_CC) $(HOST_FLAGS) -- $(HOST_LIBS) -Wl,--as-needed -lblkid

storms: build/sim/storm
	$<

soak:
	$(Q)deps/install build test
	$(Q)$(MAKE) --no-print-directory all
	MINUTES=$(MINUTES) SEED=$(if $(filter file,$(origin SEED)),,$(SEED)) deps/together prove -v test/full/soak.t

lint: build/host/libs.stamp
	deps/together prove -j$(JOBS) -e '' $(wildcard test/lint/*.t)

test test-full:
	$(Q)deps/install build test $(if $(filter test-full,$@),cross full)
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all test-binaries
	$(Q)$(if $(filter test-full,$@),$(MAKE) --no-print-directory dist)
	$(if $(filter test-full,$@),FUZZ_SECONDS=60 )CMOCKA_MESSAGE_OUTPUT=TAP deps/together test/reasons prove -j$(JOBS) --timer -e '' $(units) $(tests) $(if $(filter test-full,$@),$(slow_tests))

booted:
	$(Q)deps/install build test cross full
	$(Q)$(MAKE) --no-print-directory all dist
	UPDATE=1 deps/together prove -v -e '' test/full/matrix.t test/full/custom.t test/full/firmware.t

demo:
	@test/boot/before-demo
	$(Q)deps/install build demo
	$(Q)$(MAKE) --no-print-directory all
	$(Q)deps/together test/boot/demo

fleet:
	$(Q)deps/install build fleet
	$(Q)$(MAKE) --no-print-directory all
	$(Q)deps/together test/boot/fleet.py $(GUESTS) $(JOBS)

bench:
	$(Q)deps/install build test bench
	$(Q)$(MAKE) --no-print-directory all build/sim/storm
	$(Q)deps/together test/bench/run

# The hooks look for the program where it is installed.
install: all
	install -D -m 755 $(O)/iscsi-init $(DESTDIR)$(PREFIX)/sbin/iscsi-init
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/bin tools/iscsi-init-image tools/iscsi-init-boots
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man8 doc/iscsi-init.8 doc/iscsi-init-image.8 doc/iscsi-init-boots.8
	install -D -m 644 tools/completion $(DESTDIR)$(PREFIX)/share/bash-completion/completions/iscsi-init
	ln -sf iscsi-init $(DESTDIR)$(PREFIX)/share/bash-completion/completions/iscsi-init-image
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/share/iscsi-init/hooks/initramfs-tools tools/hooks/initramfs-tools/iscsi-init
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/share/iscsi-init/hooks/dracut/90iscsi-init tools/hooks/dracut/90iscsi-init/module-setup.sh
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/share/iscsi-init/hooks/mkinitcpio tools/hooks/mkinitcpio/iscsi-init
	sed -i 's,installed=/usr/sbin/,installed=$(PREFIX)/sbin/,' $(DESTDIR)$(PREFIX)/share/iscsi-init/hooks/*/iscsi-init \
		$(DESTDIR)$(PREFIX)/share/iscsi-init/hooks/dracut/90iscsi-init/module-setup.sh

uninstall:
	rm -rf $(DESTDIR)$(PREFIX)/share/iscsi-init
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/,sbin/iscsi-init bin/iscsi-init-image bin/iscsi-init-boots \
		$(addprefix share/man/man8/,iscsi-init.8 iscsi-init-image.8 iscsi-init-boots.8) \
		$(addprefix share/bash-completion/completions/,iscsi-init iscsi-init-image))

clean:
	rm -rf build iscsi-init

help:
	@echo 'make                   ./iscsi-init for this machine; installs what is missing when it may'
	@echo 'make ARCH=arm64        build/arm64/iscsi-init (also: $(ARCHES))'
	@echo 'make dist              a tarball with all four, and a checksum file, in build/dist'
	@echo 'make size              sizes against the limit'
	@echo 'make SYSTEM_LIBS=1     build/system/iscsi-init from the static libraries of a musl system'
	@echo 'make TRAP=1            build/ARCH-trap/iscsi-init, which dies at once of undefined behaviour'
	@echo 'make demo              boot a guest from an iSCSI disk, and show it'
	@echo 'make fleet             GUESTS=n JOBS=n: a rack of guests from one verified image, its table and picture (needs root)'
	@echo 'make test              linters, unit tests, fuzzers, network and boot tests'
	@echo 'make test-full         the same and the whole matrix of kernels and architectures'
	@echo 'make booted            boot all kernels and chains, and write the table in doc/boots.md'
	@echo 'make unit, make lint   just these; make fuzz SECONDS=n: each fuzzer for n seconds (60)'
	@echo 'make mutate            COUNT=n SEED=s FILES=...: mutants of our C that no unit test kills'
	@echo 'make storms            thousands of simulated machines and one target: who comes back when'
	@echo 'make soak              MINUTES=n SEED=s: one guest, one fault after the other, no byte lost'
	@echo 'make bench             how long a boot takes, beside others (needs root)'
	@echo 'make install           DESTDIR= PREFIX=/usr/local; make uninstall takes it away again'
	@echo 'make deb, make rpm     packages in build/packages: the program, and its debug symbols'
	@echo 'make debug             just these symbols, build/ARCH/iscsi-init.debug'
	@echo 'make fetch             all that a later make needs from the network'
	@echo 'make clean             all but the cache of libraries and downloads'
	@echo 'CFLAGS, CPPFLAGS and LDFLAGS come after ours; the size limit is then a warning.'
	@echo 'V=1 shows the commands; ISCSI_INIT_CACHE= moves the cache (~/.cache/iscsi-init).'

-include $(shell find build -name '*.d' -type f 2>/dev/null)
