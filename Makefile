# Shuyuan. `make demo` shows a school, `make test` runs every test; both install what they need.
CC      ?= gcc
BUILD   ?= build
PKGS     = lua5.4 libh2o-evloop openssl yaml-0.1 libargon2 libutf8proc zlib libcurl
CFLAGS  ?= -O2 -g
WARN     = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat-security -Werror
HARDEN   = -fPIE -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fcf-protection
FLAGS    = -std=gnu11 $(WARN) $(HARDEN) -D_GNU_SOURCE -DH2O_USE_LIBUV=0 -Icore $(shell pkg-config --cflags $(PKGS)) -MMD -MP
LIBS     = $(shell pkg-config --libs $(PKGS)) -llmdb -lxxhash -lssl -lcrypto -lm -pthread -pie -Wl,-z,relro,-z,now

SOURCES  = $(filter-out core/cli/main.c,$(wildcard core/*/*.c))
OBJECTS  = $(SOURCES:%.c=$(BUILD)/%.o)
UNITS    = $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/core/*/*_test.c))

all: $(BUILD)/shuyuan

$(BUILD)/shuyuan: $(BUILD)/core/cli/main.o $(BUILD)/libcore.a
	@echo " ld $@"; $(CC) $(CFLAGS) -o $@ $^ $(LIBS)
$(BUILD)/libcore.a: $(OBJECTS)
	@rm -f $@; ar rcs $@ $^
$(BUILD)/%.o: %.c
	@mkdir -p $(@D); echo " cc $<"; $(CC) $(CFLAGS) $(FLAGS) -c -o $@ $<
$(BUILD)/tests/%: tests/%.c $(BUILD)/libcore.a
	@mkdir -p $(@D); echo " cc $<"; $(CC) $(CFLAGS) $(FLAGS) -Itests/core -o $@ $< $(BUILD)/libcore.a $(LIBS)

units: $(UNITS) $(BUILD)/tests/bench/unbounded
	@failed=0; for unit in $(UNITS); do $$unit || failed=1; done; exit $$failed

static: $(BUILD)/static/manifest.json
$(BUILD)/static/manifest.json: package-lock.json $(shell find lua/assets -type f)
	@node lua/assets/build.mjs $(BUILD)/static >/dev/null

demo:
	@.ci/install build
	@$(MAKE) -s -j2 all static
	@tests/county/demo.sh
test:
	@.ci/install test
	@$(MAKE) -s -j2 all static
	@tests/run.sh
# The server without budgets, to compare with: see tests/bench/unbounded.c.
$(BUILD)/tests/bench/unbounded: tests/bench/unbounded.c $(BUILD)/core/cli/main.o $(BUILD)/libcore.a
	@mkdir -p $(@D); echo " ld $@"; $(CC) $(CFLAGS) $(FLAGS) -o $@ $(filter %.c %.o %.a,$^) $(LIBS)
bench: all static $(addprefix $(BUILD)/tests/bench/,store_bench instance_bench live_people listeners unbounded)
	@.ci/install bench
	@node tests/bench/run.mjs
tour: all static $(BUILD)/tests/core/script/escape_test
	@.ci/install test
	@node tests/tour/run.mjs
pictures: all static
	@.ci/install test
	@node --test tests/browser/screens.test.mjs >/dev/null
	@node tests/browser/pictures.mjs
check: all static
	@tests/run.sh lint sanitized apps

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
.PHONY: all units static demo test check bench tour pictures clean
