/* Ends with the sanitizer's report that its argument names. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int *shelf(void) { return malloc(4 * sizeof(int)); }

static int after_free(void) {
    int *items = shelf();
    free(items);
    return items[2];
}

static int overflow(int count) {
    int *items = shelf();
    items[count + 2] = 1;
    return items[0];
}

static int on_the_stack(int count) {
    char name[8];
    memset(name, 'x', 8 + count);
    return name[0];
}

static int leak(void) {
    int *items = shelf();
    items[0] = 1;
    items = NULL;
    return 0;
}

static int twice(void) {
    int *items = shelf();
    free(items);
    free(items);
    return 0;
}

static int too_many(volatile int count) { return count + 1; }

int main(int count, char **arguments) {
    const char *variant = count > 1 ? arguments[1] : "";
    if (!strcmp(variant, "after-free")) return after_free();
    if (!strcmp(variant, "overflow")) return overflow(count);
    if (!strcmp(variant, "stack")) return on_the_stack(count);
    if (!strcmp(variant, "leak")) return leak();
    if (!strcmp(variant, "twice")) return twice();
    if (!strcmp(variant, "undefined")) return too_many(INT_MAX);
    return 0;
}
